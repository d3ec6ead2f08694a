"""What a storage connection holds goes through the sensor and the operators: nothing of it shows, whatever happens."""

import json
import logging
import traceback
from datetime import UTC, datetime, timedelta

import pytest
from airflow.sdk.execution_time.task_runner import _serialize_rendered_fields
from azure.storage.blob import ContainerSasPermissions, generate_container_sas
from storage_proxy import Fault
from task_tries import Task

from airflow_synapse.operators.rejected_rows_to_files import RejectedRowsToFilesOperator
from airflow_synapse.operators.rejected_rows_to_table import RejectedRowsToTableOperator
from airflow_synapse.secret import Secret
from airflow_synapse.sensors.rejected_rows import SynapseRejectedRowsSensor

CLASSES = {
    "sensor": (SynapseRejectedRowsSensor, {"quiet_seconds": 0, "timeout": 60}),
    "table": (RejectedRowsToTableOperator, {"table": "dbo.rejected_in_secret"}),
    "files": (RejectedRowsToFilesOperator, {"folder": "/again"}),
}


@pytest.fixture(params=["key", "signature", "connection string"])
def secrets(request, workspace, proxy, landing, new_connection):
    """The secrets of the connection ``lake``, which is of one kind, and of that to the pool."""
    key = workspace.storage.key("lake").reveal()
    sas = generate_container_sas(
        "lake",
        landing.container_name,
        account_key=key,
        permission=ContainerSasPermissions.from_string("rwdlc"),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    fields = {
        "key": {"host": proxy.endpoint, "password": key},
        "signature": {"host": proxy.endpoint, "extra": {"sas_token": sas}},
        "connection string": {
            "extra": {"connection_string": f"AccountName=lake;AccountKey={key};BlobEndpoint={proxy.endpoint}"}
        },
    }[request.param]
    pool = workspace.connections()["synapse_default"]
    new_connection("lake", conn_type="wasb", **fields)
    new_connection("synapse_default", **pool)
    return [Secret(sas if request.param == "signature" else key), Secret(pool["password"])]


@pytest.fixture
def run(secrets, landing, pool_connection, caplog):
    """Run a task of a class, and return all texts that it leaves behind, and its error."""
    caplog.set_level(logging.INFO)
    for name, content in {"Error": b"no\n", "Row": b"1,NA\n"}.items():
        landing.upload_blob(f"rejects/_rejectedrows/20260131-000000/Q1.{name}.Txt", content)

    def start(name):
        kind, arguments = CLASSES[name]
        made = []

        def build(**given):
            made.append(kind(**given))
            return made[-1]

        url = f"https://lake.blob.core.windows.net/{landing.container_name}/rejects"
        result, error = None, None
        try:
            result = Task(build, error_file=url, storage_conn_id="lake", **arguments).run()
        except Exception as caught:
            error = caught
        (task,) = made
        texts = [json.dumps(result), json.dumps(_serialize_rendered_fields(task)), repr(task), caplog.text]
        each = error
        while each is not None:
            texts += [repr(each), repr(vars(each)), *traceback.format_exception(each, chain=False)]
            each = each.__cause__ or each.__context__
        return "\n".join(texts), error

    yield start
    pool_connection.execute("IF OBJECT_ID('dbo.rejected_in_secret') IS NOT NULL DROP TABLE dbo.rejected_in_secret")


def assert_nothing_shows(secrets, shown):
    assert [form for secret in secrets for form in secret.encodings() if form in shown] == []
    signatures = [secret.reveal().partition("sig=")[2] for secret in secrets]
    assert not [signature for signature in signatures if signature and signature[:20] in shown]


@pytest.mark.parametrize("name", CLASSES)
def test_nothing_secret_shows_where_all_goes_well(run, secrets, name):
    shown, error = run(name)
    assert error is None
    assert_nothing_shows(secrets, shown)
    assert "sig=" not in shown.replace("sig=***", "")


@pytest.mark.parametrize("name", CLASSES)
def test_nothing_secret_shows_where_the_storage_refuses_and_tells_the_url(run, secrets, proxy, name):
    proxy.faults.append(Fault(status=403, code="AuthorizationFailure"))
    shown, error = run(name)
    assert "A fault at /lake/" in str(error)
    assert_nothing_shows(secrets, shown)
