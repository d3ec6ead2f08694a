"""What is encrypted, as [MS-TDS] 2.2.6.5 lets server and client agree."""

import struct

import pytest

from airflow_synapse.local.tds.packets import ProtocolError
from airflow_synapse.local.tds.prelogin import Encryption, Prelogin

OFF, ON, NOT_SUPPORTED, REQUIRED = range(4)


def prelogin(*options):
    """Build a message of options, each a token and a value."""
    directory, values = b"", b""
    for token, value in options:
        directory += struct.pack(">BHH", token, 5 * len(options) + 1 + len(values), len(value))
        values += value
    return directory + b"\xff" + values


@pytest.mark.parametrize(
    ("asked", "without_certificate", "with_certificate", "required"),
    [
        (OFF, NOT_SUPPORTED, OFF, REQUIRED),
        (ON, NOT_SUPPORTED, ON, ON),
        (NOT_SUPPORTED, NOT_SUPPORTED, NOT_SUPPORTED, REQUIRED),
        (REQUIRED, NOT_SUPPORTED, ON, REQUIRED),
    ],
)
def test_agreed_encryption(asked, without_certificate, with_certificate, required):
    client = Prelogin(prelogin((1, bytes([asked]))))
    assert client.agree(has_certificate=False, require_encryption=False) == without_certificate
    assert client.agree(has_certificate=True, require_encryption=False) == with_certificate
    assert client.agree(has_certificate=True, require_encryption=True) == required


def test_reply_lists_version_encryption_and_no_mars():
    reply = Prelogin(prelogin((1, b"\x00"))).reply(Encryption.LOGIN_ONLY)
    assert reply == prelogin((0, bytes([12, 0, 7, 208, 0, 0])), (1, b"\x00"), (2, b"\x00"), (3, b""), (4, b"\x00"))


def test_token_login_is_confirmed_only_to_those_who_ask():
    reply = Prelogin(prelogin((1, b"\x01"), (6, b"\x01"))).reply(Encryption.ON)
    assert reply.endswith(b"\x00\x01")
    assert b"\x06" in reply[:31:5]


@pytest.mark.parametrize(
    "payload",
    [b"", b"\x01\x00", struct.pack(">BHH", 1, 500, 1) + b"\xff", prelogin((1, b"\x07"))],
    ids=["empty", "cut off", "value outside", "unknown encryption"],
)
def test_malformed_message_is_refused(payload):
    with pytest.raises(ProtocolError):
        Prelogin(payload)
