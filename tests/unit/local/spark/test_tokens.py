import pytest

from airflow_synapse.local.spark import tokens as module
from airflow_synapse.local.spark.tokens import Tokens
from airflow_synapse.secret import Secret

SCOPE = "https://dev.azuresynapse.net/.default"


@pytest.fixture
def tokens():
    return Tokens("client", Secret("the secret"), identity_header=Secret("the header"))


def test_token_of_the_client_is_accepted(tokens):
    answer = tokens.of_client({"client_id": "client", "client_secret": "the secret", "scope": SCOPE})

    assert tokens.accept(f"Bearer {answer['access_token']}")


def test_token_of_the_managed_identity_is_accepted(tokens):
    answer = tokens.of_managed_identity("the header", "https://dev.azuresynapse.net")

    assert tokens.accept(f"Bearer {answer['access_token']}")


@pytest.mark.parametrize(
    "form", [{}, {"client_id": "client"}, {"client_id": "other", "client_secret": "the secret"}], ids=str
)
def test_wrong_client_gets_no_token(tokens, form):
    assert tokens.of_client({"scope": SCOPE} | form) is None


def test_wrong_header_gets_no_token(tokens):
    assert tokens.of_managed_identity("another", "https://dev.azuresynapse.net") is None


def test_token_for_something_else_is_not_accepted(tokens):
    answer = tokens.of_managed_identity("the header", "https://storage.azure.com")

    assert not tokens.accept(f"Bearer {answer['access_token']}")


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer made-up", "Basic x"])
def test_what_was_not_given_out_is_not_accepted(tokens, authorization):
    assert not tokens.accept(authorization)


def test_token_expires(tokens, monkeypatch):
    answer = tokens.of_managed_identity("the header", "https://dev.azuresynapse.net")
    late = int(answer["expires_on"]) + 1
    monkeypatch.setattr(module.time, "time", lambda: late)

    assert not tokens.accept(f"Bearer {answer['access_token']}")
