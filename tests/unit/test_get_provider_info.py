"""What Airflow reads of the package."""

import importlib
import json
from importlib.metadata import entry_points
from importlib.resources import files

import jsonschema
import pytest
from airflow.sdk import Connection

import airflow_synapse.copy
from airflow_synapse.get_provider_info import get_provider_info
from airflow_synapse.hooks.pool_settings import Authentication, PoolSettings
from airflow_synapse.hooks.sql_pool import SynapseSqlPoolHook

CONNECTION = get_provider_info()["connection-types"][0]


def test_the_metadata_fits_airflows_schema():
    jsonschema.validate(get_provider_info(), json.loads((files("airflow") / "provider_info.schema.json").read_text()))


def test_airflow_finds_the_provider_and_its_connection_type():
    (entry,) = [each for each in entry_points(group="apache_airflow_provider") if "airflow_synapse" in each.value]
    assert entry.load() is get_provider_info
    assert isinstance(Connection(conn_id="pool", conn_type="azure_synapse_sql_pool").get_hook(), SynapseSqlPoolHook)


@pytest.mark.parametrize(
    "module",
    [
        name
        for kind in ("operators", "sensors", "hooks", "triggers")
        for each in get_provider_info()[kind]
        for name in each["python-modules"]
    ],
)
def test_every_module_that_is_named_exists(module):
    assert importlib.import_module(module)


def test_the_form_and_the_hook_name_the_same_type():
    assert CONNECTION["connection-type"] == SynapseSqlPoolHook.conn_type
    assert CONNECTION["hook-name"] == SynapseSqlPoolHook.hook_name


def test_the_form_offers_exactly_the_fields_that_the_hook_reads():
    from_the_standard_fields = {"server", "database", "port", "login", "password"}
    read = set(PoolSettings.__dataclass_fields__) - from_the_standard_fields
    assert set(CONNECTION["conn-fields"]) == read


def test_the_form_offers_exactly_the_methods_of_authentication():
    assert CONNECTION["conn-fields"]["authentication"]["schema"]["enum"] == list(Authentication)


def test_the_form_hides_what_is_secret():
    fields = CONNECTION["conn-fields"]
    assert [name for name in fields if fields[name]["schema"].get("format") == "password"] == ["access_token"]


@pytest.mark.parametrize("name", airflow_synapse.copy.__all__)
def test_every_exported_name_exists(name):
    assert getattr(airflow_synapse.copy, name)


def test_no_other_name_is_exported():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        airflow_synapse.copy.nothing  # noqa: B018 - asking for it is the test
    assert dir(airflow_synapse.copy) == sorted(airflow_synapse.copy.__all__)
