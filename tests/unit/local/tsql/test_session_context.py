"""sp_set_session_context, and the performance level of the pool."""

import pytest

from airflow_synapse.local.errors import PoolError

NEWEST = "SELECT client_correlation_id FROM sys.dm_pdw_exec_requests WHERE [label] = '{label}'"


def set_context(client, key, value, *options):
    client.run(f"EXEC sys.sp_set_session_context @key = '{key}', @value = {value}{''.join(options)}")


def test_a_correlation_id_stands_at_the_requests_that_follow(client, new_client):
    client.run("SELECT 1 OPTION (LABEL = 'before')")
    set_context(client, "client_correlation_id", "'load 7'")
    client.run("SELECT 1 OPTION (LABEL = 'with')")
    new_client().run("SELECT 1 OPTION (LABEL = 'another session')")
    set_context(client, "client_correlation_id", "NULL")
    client.run("SELECT 1 OPTION (LABEL = 'after')")
    found = [client.rows(NEWEST.format(label=label))[0][0] for label in ("before", "with", "another session", "after")]
    assert found == [None, "load 7", None, None]


def test_session_context_tells_a_key(client):
    set_context(client, "wlm_context", "'dim_load'")
    assert client.value("SESSION_CONTEXT(N'wlm_context')") == "dim_load"
    client.session.reset()
    assert client.value("SESSION_CONTEXT(N'wlm_context')") is None


def test_a_read_only_key_is_set_once(client):
    set_context(client, "a", "1", ", @read_only = 1")
    with pytest.raises(PoolError) as refused:
        set_context(client, "a", "2")
    assert refused.value.number == 15664
    assert client.value("SESSION_CONTEXT(N'a')") == "1"


@pytest.mark.parametrize(("arguments", "number"), [("'a'", 201), (f"'{'k' * 65}', 1", 15666), ("NULL, 1", 201)])
def test_a_key_without_name_or_value_is_refused(client, arguments, number):
    with pytest.raises(PoolError) as refused:
        client.run(f"EXEC sp_set_session_context {arguments}")
    assert refused.value.number == number


def test_the_pool_tells_its_performance_level(client):
    assert client.value("DATABASEPROPERTYEX(DB_NAME(), 'ServiceObjective')") == "DW100c"
