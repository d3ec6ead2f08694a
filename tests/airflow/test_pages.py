"""What Airflow shows of a load: its rendered fields and its log."""

import contextlib
import json

import pytest


@pytest.fixture(scope="module")
def shown(airflow, workspace, trigger, wait_for_run, days):
    """Return what Airflow shows of a task of the ended run: its instance and its log."""
    with contextlib.closing(workspace.sql_pool.connect()) as connection:
        connection.execute("CREATE TABLE dbo.shown (carrier char(2)) WITH (HEAP)")
    run_id = trigger("copy_shown", {"day": days[0]})
    assert wait_for_run("copy_shown", run_id) == "failed"

    def get(task_id):
        path = f"/dags/copy_shown/dagRuns/{run_id}/taskInstances/{task_id}"
        return airflow.request("GET", path), json.dumps(airflow.request("GET", f"{path}/logs/1"))

    return get


@pytest.mark.parametrize(("task_id", "table"), [("good", "[shown]"), ("bad", "[nowhere]")])
def test_the_statement_is_a_rendered_field_without_its_secrets(shown, days, task_id, table):
    instance, _ = shown(task_id)
    statement = instance["rendered_fields"]["copy_statement"]
    assert f"COPY INTO [dbo].{table} ([carrier] 10)" in statement
    assert f"/landing/flights/{days[0]}/'" in statement
    assert statement.count("SECRET = '***'") == 2


@pytest.mark.parametrize("task_id", ["good", "bad"])
def test_neither_the_page_nor_the_log_holds_a_signature_or_the_account_key(shown, workspace, task_id):
    instance, log = shown(task_id)
    assert "COPY INTO" in log
    for secret in ("sig=", "sp=rl", workspace.storage.key("lake").reveal(), workspace.sql_pool.password.reveal()):
        assert secret not in json.dumps(instance) + log


def test_an_error_that_no_retry_can_mend_is_not_retried(shown):
    instance, log = shown("bad")
    assert (instance["state"], instance["try_number"]) == ("failed", 1)
    assert "Invalid object name" in log
