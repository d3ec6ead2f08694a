"""LOGIN7 messages byte by byte."""

import struct

import pytest

from airflow_synapse.local.tds.login import read_login
from airflow_synapse.local.tds.packets import ProtocolError

FIELDS = {"host": 36, "user": 40, "password": 44, "application": 48, "library": 60, "database": 68}


def login_message(*, packet_size=4096, features=b"", **texts):
    fixed, variable = bytearray(94), b""
    struct.pack_into("<I", fixed, 8, packet_size)
    for name, text in texts.items():
        encoded = text if isinstance(text, bytes) else text.encode("utf-16-le")
        struct.pack_into("<HH", fixed, FIELDS[name], 94 + len(variable), len(encoded) // 2)
        variable += encoded
    if features:
        fixed[27] = 0x10
        struct.pack_into("<HH", fixed, 56, 94 + len(variable), 4)
        variable += struct.pack("<I", 94 + len(variable) + 4) + features + b"\xff"
    return bytes(fixed) + variable


def feature(number, data):
    return struct.pack("<BI", number, len(data)) + data


def security_token(token, *, library=1, nonce=b""):
    encoded = token.encode("utf-16-le")
    return feature(2, bytes([library << 1]) + struct.pack("<I", len(encoded)) + encoded + nonce)


def test_texts_and_password():
    """The password as [MS-TDS] hides it: "aB" is 61 00 42 00; each byte's halves swapped, then XOR A5."""
    hidden = bytes([0x16 ^ 0xA5, 0xA5, 0x24 ^ 0xA5, 0xA5])
    login = read_login(
        login_message(host="h", user="żółw", password=hidden, database="pool", library="ODBC"), has_nonce=False
    )
    request = login.request
    assert (request.user, request.password, request.access_token) == ("żółw", "aB", None)
    assert (request.host, request.database, request.library) == ("h", "pool", "ODBC")


def test_secrets_do_not_show_in_the_representation():
    hidden = bytes([0x16 ^ 0xA5, 0xA5] * 8)
    assert "aaaaaaaa" not in repr(read_login(login_message(user="u", password=hidden), has_nonce=False))
    assert "a-token" not in repr(read_login(login_message(features=security_token("a-token")), has_nonce=False))


@pytest.mark.parametrize(("asked", "given"), [(0, 4096), (4096, 4096), (100, 512), (99_999, 32767)])
def test_packet_size(asked, given):
    assert read_login(login_message(packet_size=asked), has_nonce=False).packet_size == given


def test_only_known_features_are_acknowledged():
    features = feature(1, b"\x00" * 6) + feature(9, b"\x02") + feature(0x0A, b"\x01") + feature(0x10, b"agent")
    assert read_login(login_message(features=features), has_nonce=False).features == {0x0A: b"\x01"}


def test_access_token_replaces_the_password():
    request = read_login(login_message(features=security_token("a-token")), has_nonce=False).request
    assert (request.access_token, request.password) == ("a-token", None)


def test_nonce_is_given_back():
    nonce = bytes(range(32))
    login = read_login(login_message(features=security_token("a-token", nonce=nonce)), has_nonce=True)
    assert login.features == {2: nonce}


@pytest.mark.parametrize(
    "message",
    [b"\x00" * 93, login_message(features=security_token("t", library=2)), login_message(user="user")[:-1]],
    ids=["too short", "another library", "text cut off"],
)
def test_message_that_cannot_be_read_is_refused(message):
    with pytest.raises(ProtocolError):
        read_login(message, has_nonce=False)
