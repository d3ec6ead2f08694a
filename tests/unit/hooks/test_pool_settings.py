"""Reading a connection of type azure_synapse_sql_pool."""

import pytest
from airflow.sdk import Connection

from airflow_synapse.exceptions import CredentialError, SynapseConnectionError
from airflow_synapse.hooks.pool_settings import Authentication, PoolSettings

FIELDS = {
    "conn_id": "pool",
    "conn_type": "azure_synapse_sql_pool",
    "host": "ws.sql.azuresynapse.net",
    "schema": "sales",
    "login": "loader",
    "password": "s3cret",
}
MICROSOFT = "ODBC Driver 18 for SQL Server"


def settings(extra="", **changes):
    return PoolSettings.from_connection(Connection(**{**FIELDS, "extra": extra or None, **changes}))


def test_the_fields_of_the_connection_become_settings():
    found = settings('{"driver": "FreeTDS", "encrypt": "no", "trust_server_certificate": true, "login_timeout": 5}')
    assert (found.address, found.login) == ("ws.sql.azuresynapse.net:1433/sales", "loader")
    assert (found.driver, found.encrypt, found.trust_server_certificate, found.login_timeout) == (
        "FreeTDS",
        "no",
        True,
        5,
    )
    assert found.authentication is Authentication.SQL_LOGIN


def test_an_empty_text_of_the_form_is_no_value():
    empty = '{"driver": "", "encrypt": "", "trust_server_certificate": "", "login_timeout": "", "authentication": "", '
    assert settings(empty + '"tenant_id": "", "access_token": "", "application_name": ""}') == settings()


def test_numbers_and_switches_may_be_text_as_in_a_connection_uri():
    found = settings('{"trust_server_certificate": "yes", "login_timeout": "7"}')
    assert (found.trust_server_certificate, found.login_timeout) == (True, 7)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"host": ""}, "'pool' names no host: enter the dedicated SQL endpoint"),
        ({"schema": ""}, "'pool' names no database: enter the SQL pool's name in the Schema field"),
        ({"host": "ws-ondemand.sql.azuresynapse.net"}, "serverless endpoint.*ws.sql.azuresynapse.net"),
        ({"host": "WS-OnDemand.sql.azuresynapse.net"}, "serverless endpoint"),
        ({"host": "tcp:ws.sql.azuresynapse.net,1433"}, "is no host name: .* and a port in the Port field"),
        ({"host": "https://ws.sql.azuresynapse.net"}, "is no host name"),
        ({"host": "ws.sql.azuresynapse.net:1433"}, "is no host name"),
        ({"host": "ws.sql.azuresynapse.net/sales"}, "is no host name"),
        ({"host": " ws.sql.azuresynapse.net"}, "is no host name"),
        ({"extra": '{"encrypt": false}'}, "encrypt is 'false', which is none of yes, no, strict"),
        ({"extra": '{"encrypt": true}'}, "encrypt is 'true', which is none of yes, no, strict"),
        ({"extra": '{"encrypt": "maybe"}'}, "encrypt is 'maybe', which is none of yes, no, strict"),
        ({"extra": '{"login_timeout": "soon"}'}, "login_timeout is 'soon'"),
        ({"extra": '{"login_timeout": -1}'}, "login_timeout is -1"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_connection_is_refused_by_name_and_not_tried_again(changes, message):
    with pytest.raises(SynapseConnectionError, match=message) as caught:
        settings(**changes)
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"login": ""}, "'sql_login' needs a login"),
        ({"password": ""}, "'sql_login' needs a password"),
        ({"login": "", "password": ""}, "'sql_login' needs a login and a password"),
        ({"extra": '{"authentication": "service_principal"}'}, "needs the extra tenant_id"),
        (
            {"extra": '{"authentication": "service_principal", "tenant_id": "t"}', "password": ""},
            "needs the client secret",
        ),
        ({"extra": '{"authentication": "service_principal", "tenant_id": "t"}', "login": ""}, "needs the client id"),
        ({"extra": '{"authentication": "access_token"}'}, "'access_token' needs the extra access_token"),
        ({"extra": '["encrypt"]'}, "'pool': the extra is JSON of a list, where an object belongs"),
        ({"extra": '{"authentication": "kerberos"}'}, "'kerberos', which is none of sql_login, service_principal"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_missing_part_of_a_credential_is_named(changes, message):
    with pytest.raises(CredentialError, match=message):
        settings(**changes)


@pytest.mark.parametrize("method", ["managed_identity", "workload_identity", "default"])
def test_methods_that_take_their_identity_from_the_machine_need_no_login(method):
    assert settings(f'{{"authentication": "{method}"}}', login="", password="").authentication == method


def test_the_connection_string_for_microsofts_driver():
    assert settings().connection_string(MICROSOFT) == (
        "DRIVER={ODBC Driver 18 for SQL Server};SERVER={tcp:ws.sql.azuresynapse.net,1433};Encrypt=yes;"
        "TrustServerCertificate=no;ConnectRetryCount=0;DATABASE=sales;APP=airflow-provider-synapse;UID=loader;"
        "PWD=s3cret;"
    )


def test_the_connection_string_for_freetds():
    assert settings().connection_string("FreeTDS") == (
        "DRIVER={FreeTDS};SERVER=ws.sql.azuresynapse.net;PORT=1433;TDS_Version=7.4;ClientCharset=UTF-8;"
        "Encryption=require;DATABASE=sales;APP=airflow-provider-synapse;UID=loader;PWD=s3cret;"
    )


@pytest.mark.parametrize(
    ("password", "for_microsoft", "for_freetds"),
    [
        ("a;PWD=b", "{a;PWD=b}", "{a;PWD=b}"),
        ("a}b", "{a}}b}", "{a}b}"),
        ("{a}", "{{a}}}", "{{a}}"),
        ('it\'s "x"', '{it\'s "x"}', '{it\'s "x"}'),
        ("a=b", "{a=b}", "{a=b}"),
        (" padded ", "{ padded }", "{ padded }"),
    ],
)
def test_a_password_cannot_end_its_attribute(password, for_microsoft, for_freetds):
    assert settings(password=password).connection_string(MICROSOFT).endswith(f";PWD={for_microsoft};")
    assert settings(password=password).connection_string("FreeTDS").endswith(f";PWD={for_freetds};")


def test_a_password_that_freetds_cannot_be_told_is_refused_without_being_shown():
    with pytest.raises(CredentialError, match="FreeTDS cannot log in with a password") as caught:
        settings(password="secret};x").connection_string("FreeTDS")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "extra",
    [
        '{"authentication": "service_principal", "tenant_id": "t"}',
        '{"authentication": "managed_identity"}',
        '{"authentication": "access_token", "access_token": "t0ken"}',
    ],
)
def test_a_login_by_token_writes_no_login_password_or_token_in_the_string(extra):
    text = settings(extra).connection_string(MICROSOFT)
    assert "UID" not in text
    assert "PWD" not in text
    assert "t0ken" not in text


def test_settings_do_not_show_their_secrets():
    shown = repr(settings('{"access_token": "t0ken-t0ken"}'))
    assert "s3cret" not in shown
    assert "t0ken" not in shown
