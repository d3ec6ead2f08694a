"""Secrets in texts that somebody else wrote."""

import pytest

from airflow_synapse.copy import CopyStatement, ErrorFile, ExternalLocation, SharedAccessSignature, TableName
from airflow_synapse.load.redaction import scrub, secrets_of
from airflow_synapse.secret import Secret

TOKEN = Secret("sv=2024-11-04&sp=rl&sig=O'Reilly%2FAbCdEf0123456789%3D")


@pytest.mark.parametrize("form", TOKEN.encodings())
def test_no_encoding_of_a_secret_stays(form):
    assert scrub(f"near '{form}'.", [TOKEN]).replace("***", "") in {"near ''.", "near '?'."}


@pytest.mark.parametrize("piece", ["sig=O''Reilly%2FAbCd", "AbCdEf0123456789", "24-11-04&sp=rl&s"])
def test_a_piece_of_a_secret_does_not_stay(piece):
    assert scrub(f"Incorrect syntax near '{piece}'.", [TOKEN]) == "Incorrect syntax near '***'."


def test_a_short_secret_is_masked_as_a_whole():
    assert scrub("password abc refused", [Secret("abc")]) == "password *** refused"


def test_the_rest_of_a_text_stays():
    text = "Invalid object name 'dbo.flights'. (208) (SQLExecDirectW)"
    assert scrub(text, [TOKEN]) == text


def test_secrets_are_found_at_any_depth_of_a_statement():
    other = Secret("another-secret")
    statement = CopyStatement(
        target=TableName(name="t"),
        external_locations=(ExternalLocation.parse("https://lake.blob.core.windows.net/landing/"),),
        credential=SharedAccessSignature(token=TOKEN),
        error_file=ErrorFile(
            directory="https://lake.blob.core.windows.net/rejects/x", credential=SharedAccessSignature(token=other)
        ),
    )
    assert set(secrets_of(statement)) == {TOKEN, other}
