"""Batches as values, and their names."""

import json

import pytest

from airflow_synapse.exceptions import CredentialError
from airflow_synapse.load.identity import LoadIdentity
from airflow_synapse.secret import Secret
from airflow_synapse.spark.batch import BatchError, BatchRequest, BatchStatus
from airflow_synapse.spark.names import BatchName
from airflow_synapse.spark.record import BatchRecord, RecordedBatch

FILE = "abfss://jobs@lake.dfs.core.windows.net/job.py"
#: As Synapse answers, with detailed=true. Source: azure-synapse-spark 0.7.0, models; feathr issue 654.
ANSWER = {
    "id": 0,
    "name": "stage",
    "state": "dead",
    "result": "Failed",
    "appId": "application_1_0001",
    "log": None,
    "schedulerInfo": {"currentState": "Ended"},
    "pluginInfo": {"currentState": "Cleanup"},
    "errorInfo": [{"message": "Livy Id=[0] failed", "errorCode": "LIVY_JOB_STATE_DEAD", "source": "Unknown"}],
    "livyInfo": {"jobCreationRequest": {"name": "stage"}},
}


def request(**fields):
    return BatchRequest(**{"name": "stage", "file": FILE, **fields})


def test_a_request_is_what_livy_takes():
    asked = request(args=["abfss://a/request.json"], py_files=[FILE], conf={"spark.x": "1"})
    assert asked.to_json() == {
        "name": "stage",
        "file": FILE,
        "args": ["abfss://a/request.json"],
        "pyFiles": [FILE],
        "conf": {"spark.x": "1"},
        "driverMemory": "28g",
        "driverCores": 4,
        "executorMemory": "28g",
        "executorCores": 4,
        "numExecutors": 2,
    }


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"args": ["a", Secret("s3cret-value")]}, r"args\[1\]"),
        ({"conf": {"spark.x": Secret("s3cret-value")}}, r"conf\['spark\.x'\]"),
        ({"file": Secret("s3cret-value")}, "file"),
    ],
)
def test_a_secret_is_refused_by_the_name_of_its_place(fields, where):
    with pytest.raises(CredentialError, match=f"^{where} of the Spark batch is a Secret") as caught:
        request(**fields)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "setting",
    [
        "spark.hadoop.fs.azure.account.key.lake.dfs.core.windows.net",
        "fs.azure.sas.landing.lake.blob.core.windows.net",
        "spark.hadoop.fs.azure.sas.fixed.token.lake.dfs.core.windows.net",
        "fs.azure.account.oauth2.client.secret",
        "spark.ssl.keyPassword",
        "fs.azure.account.oauth2.refresh.token",
        "spark.executorEnv.API_TOKEN",
        "spark.yarn.appMasterEnv.AZURE_STORAGE_KEY",
        "spark.executorEnv.AZURE_STORAGE_CONNECTION_STRING",
        "spark.executorEnv.DB_PWD",
        "spark.executorEnv.API_KEY",
    ],
)
def test_a_setting_that_holds_a_credential_is_refused_and_its_value_not_shown(setting):
    with pytest.raises(CredentialError, match="holds a credential") as caught:
        request(conf={setting: "c3VwZXI="})
    assert setting in str(caught.value)
    assert "c3VwZXI=" not in str(caught.value)


@pytest.mark.parametrize(
    "setting",
    [
        "fs.azure.sas.token.provider.type",
        "fs.azure.account.keyprovider.lake.dfs.core.windows.net",
        "fs.azure.account.oauth2.token.file",
        "fs.azure.account.oauth2.refresh.token.endpoint",
        "spark.kryoserializer.buffer.max",
        "spark.sql.optimizer.dynamicPartitionPruning.keyColumns",
        "spark.security.credentials.hive.enabled",
        "fs.azure.account.oauth.provider.type",
        "spark.storage.synapse.linkedServiceName",
        "spark.sql.session.timeZone",
    ],
)
def test_a_setting_without_a_credential_is_taken(setting):
    assert request(conf={setting: "x"}).to_json()["conf"] == {setting: "x"}


def test_an_answer_is_read():
    status = BatchStatus.from_livy(ANSWER)
    assert status == BatchStatus(
        batch_id=0,
        name="stage",
        state="dead",
        result="Failed",
        application_id="application_1_0001",
        scheduler_state="Ended",
        plugin_state="Cleanup",
        errors=(BatchError(message="Livy Id=[0] failed", code="LIVY_JOB_STATE_DEAD", source="Unknown"),),
    )
    assert str(status) == (
        "Spark batch 0 'stage': state dead, result Failed, scheduler Ended, plugin Cleanup, "
        "application application_1_0001"
    )


def test_id_and_state_are_enough():
    assert BatchStatus.from_livy({"id": 7, "state": "starting"}) == BatchStatus(batch_id=7, name="", state="starting")


def test_a_status_goes_through_json():
    status = BatchStatus.from_livy(ANSWER)
    assert BatchStatus.from_json(json.loads(json.dumps(status.to_json()))) == status


@pytest.mark.parametrize("state", ["success", "dead", "killed", "error", "not_found"])
def test_these_states_are_last(state):
    assert BatchStatus(batch_id=1, name="", state=state, result="Uncertain").is_over


@pytest.mark.parametrize(
    "state", ["not_started", "starting", "running", "recovering", "shutting_down", "idle", "busy", "unheard_of"]
)
def test_a_batch_in_another_state_goes_on_unless_its_result_is_known(state):
    assert not BatchStatus(batch_id=1, name="", state=state, result="Uncertain").is_over
    assert BatchStatus(batch_id=1, name="", state=state, result="Cancelled").is_over


def name_of(dag_id="flights", task_id="group.stage", **fields):
    identity = LoadIdentity(dag_id=dag_id, task_id=task_id, run_id="manual__2026-11-01", **fields)
    return BatchName.of(identity, try_number=12, fingerprint="0123abcd", token="89abcdef")


@pytest.mark.parametrize(
    "name", [name_of(), name_of("a b/c.d", clear_number=3, map_index=7), name_of("d" * 300), name_of("日本", "—")]
)
def test_a_name_is_read_as_it_was_written(name):
    text = str(name)
    assert BatchName.parse(text) == name
    assert text.isascii()
    assert len(text) <= 130
    assert not set(text) & set(" /?#&%")


def test_a_name_begins_with_what_a_reader_looks_for():
    assert str(name_of()).startswith("flights-group-stage-")


@pytest.mark.parametrize("text", ["", "stage", "flights-group-stage", str(name_of()) + "-more", str(name_of())[1:-1]])
def test_another_name_is_nobody_s(text):
    assert BatchName.parse(text) is None


def test_a_record_goes_through_json_and_leaves_out_other_tasks():
    ours = RecordedBatch(name=name_of(), batch_id=0, is_withdrawn=True)
    other = RecordedBatch(name=name_of("other"))
    record = BatchRecord().with_batch(other).with_batch(RecordedBatch(name=name_of())).with_batch(ours)
    stored = json.loads(json.dumps(record.to_json()))
    assert BatchRecord.from_json(stored, ours.name.load_id) == BatchRecord(batches=(ours,))


@pytest.mark.parametrize("stored", [None, "text", []])
def test_a_record_that_is_none_is_empty(stored):
    assert BatchRecord.from_json(stored, "x") == BatchRecord()
