"""What a connection of type ``azure_synapse`` says of a Spark pool."""

import json
from urllib.parse import parse_qs, urlsplit

import airflow as installed_airflow
import pytest
from airflow.sdk import BaseHook
from packaging.version import Version

from airflow_synapse.exceptions import CredentialError, SparkPoolError
from airflow_synapse.hooks.pool_settings import Authentication
from airflow_synapse.hooks.spark_settings import SparkSettings
from airflow_synapse.secret import Secret

HOST = "https://ws.dev.azuresynapse.net"


@pytest.fixture
def read(new_connection):
    """Read the settings of a connection: ``read(login="x", extra={...}, spark_pool="y")``."""

    def settings(*, spark_pool=None, extra=None, **fields):
        fields = {"conn_type": "azure_synapse", "host": HOST, "extra": json.dumps(extra or {}), **fields}
        return SparkSettings.from_connection(BaseHook.get_connection(new_connection("spark", **fields)), spark_pool)

    return settings


def test_a_service_principal_is_the_one_of_the_azure_provider(read):
    settings = read(
        login="client-7",
        password="s3cret",
        spark_pool="small",
        extra={"tenantId": "tenant", "subscriptionId": "sub", "resource_group_name": "group"},
    )
    assert settings == SparkSettings(
        endpoint=HOST,
        spark_pool="small",
        authentication=Authentication.SERVICE_PRINCIPAL,
        login="client-7",
        password=Secret("s3cret"),
        tenant_id="tenant",
        subscription_id="sub",
        resource_group="group",
    )
    assert settings.secrets == (Secret("s3cret"),)
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize("empty", [None, ""])
def test_without_a_secret_the_machine_s_identity_is_used(read, empty):
    settings = read(login=empty, password=empty, spark_pool="small", extra={"managed_identity_client_id": "client-8"})
    assert (settings.authentication, settings.login) == (Authentication.DEFAULT, "client-8")
    assert settings.secrets == ()


def test_options_may_have_the_long_names_of_old_forms(read):
    settings = read(
        login="client-7", password="s3cret", spark_pool="small", extra={"extra__azure_synapse__tenantId": "tenant"}
    )
    assert settings.tenant_id == "tenant"


def test_the_task_s_spark_pool_counts_more_than_the_connection_s(read):
    assert read(extra={"spark_pool": "large"}).spark_pool == "large"
    assert read(extra={"spark_pool": "large"}, spark_pool="small").spark_pool == "small"


@pytest.mark.parametrize(
    "host", ["ws.dev.azuresynapse.net", "https://ws.dev.azuresynapse.net/", "https://ws.dev.azuresynapse.net"]
)
def test_the_endpoint_is_https(read, host):
    assert read(host=host, spark_pool="small").endpoint == HOST


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"host": ""}, "names no host: enter https://<workspace>"),
        ({"host": "http://ws.dev.azuresynapse.net"}, "is no development endpoint"),
        ({"host": "https://web.azuresynapse.net?workspace=%2fsubscriptions"}, "is no development endpoint"),
        ({"spark_pool": None}, "names no Spark pool"),
    ],
)
def test_what_is_missing_or_wrong_is_named(read, fields, message):
    with pytest.raises(SparkPoolError, match=message) as caught:
        read(**{"spark_pool": "small", **fields})
    assert not caught.value.retryable


@pytest.mark.parametrize("fields", [{"login": "client-7"}, {"extra": {"tenantId": "tenant"}}])
def test_half_a_service_principal_is_refused(read, fields):
    with pytest.raises(CredentialError, match="also needs its client id as login, and tenantId") as caught:
        read(password="s3cret", spark_pool="small", **fields)
    assert "s3cret" not in str(caught.value)


@pytest.mark.skipif(Version(installed_airflow.__version__) < Version("3.2"), reason="it refuses such an extra itself")
def test_an_extra_that_is_no_object_is_refused(read):
    with pytest.raises(CredentialError, match="the extra is JSON of a list, where an object belongs"):
        read(spark_pool="small", extra=["tenantId"])


def test_the_page_of_a_batch_in_studio(read):
    settings = read(spark_pool="small", extra={"subscriptionId": "sub", "resource_group_name": "group"})
    url = urlsplit(settings.studio_url("a name/x", 0))
    assert (url.netloc, url.path) == ("web.azuresynapse.net", "/en/monitoring/sparkapplication/a%20name%2Fx")
    assert parse_qs(url.query) == {
        "workspace": ["/subscriptions/sub/resourceGroups/group/providers/Microsoft.Synapse/workspaces/ws"],
        "livyId": ["0"],
        "sparkPoolName": ["small"],
    }


@pytest.mark.parametrize("extra", [{}, {"subscriptionId": "sub"}, {"resource_group_name": "group"}])
def test_there_is_no_link_where_the_connection_does_not_say_enough(read, extra):
    assert read(spark_pool="small", extra=extra).studio_url("x", 0) is None
