"""A sentinel goes through everything, for every kind of credential: only the driver may see it.

The driver here is as talkative as can be: its errors and messages quote the whole statement, or the whole connection
string.
"""

import base64
import json
import logging
import re
import time
import traceback
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from airflow.sdk import DAG
from airflow.sdk.execution_time.task_runner import _serialize_rendered_fields
from airflow.serialization import serialized_objects

from airflow_synapse.copy import ServicePrincipal, SharedAccessSignature, StorageAccountKey
from airflow_synapse.hooks.sql_pool import SynapseSqlPoolHook
from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.load.source_survey import SourceSurvey
from airflow_synapse.operators.copy import SynapseCopyOperator
from airflow_synapse.rejected_rows.report import RejectedRowsReport
from airflow_synapse.secret import Secret

PASSWORD = "Sentinel};'\"Password=1"
TOKEN = "sv=2024-11-04&sp=rl&sig=Sentinel%2FO'Signature%2B0123456789%3D"
KEY = base64.b64encode(b"Sentinel-account-key-0123456789").decode()
CLIENT_SECRET = "Sentinel~client.secret'0123456789"
ACCESS_TOKEN = "SentinelAccessToken.0123456789.abcdef"

CLIENT_ID = "00000000-1111-2222-3333-444444444444"
ENDPOINT = "https://login.microsoftonline.com/tenant/oauth2/token"
ERROR_FILE = "https://lake.blob.core.windows.net/rejects/flights"


#: Airflow 3.1 has the second name only.
DAG_SERIALIZER = getattr(serialized_objects, "DagSerialization", None) or serialized_objects.SerializedDAG


@dataclass
class Case:
    """How one kind of credential gets in."""

    arguments: dict = field(default_factory=dict)
    storage: dict = field(default_factory=dict)
    pool: dict = field(default_factory=lambda: {"login": "loader", "password": PASSWORD})


def given(credential):
    return Case(arguments={"credential": credential, "error_file": ERROR_FILE, "error_file_credential": credential})


CASES = {
    "signature given": given(SharedAccessSignature(token=Secret(TOKEN))),
    "service principal given": given(
        ServicePrincipal(client_id=CLIENT_ID, token_endpoint=ENDPOINT, client_secret=Secret(CLIENT_SECRET))
    ),
    "key given": Case(arguments={"credential": StorageAccountKey(key=Secret(KEY))}),
    "signature of the connection": Case(storage={"login": "lake", "extra": {"sas_token": TOKEN}}),
    "key of the connection": Case(storage={"login": "lake", "password": KEY}),
    "connection string": Case(
        storage={"extra": {"connection_string": f"AccountName=lake;AccountKey={KEY};EndpointSuffix=core.windows.net"}}
    ),
    "service principal of the connection": Case(
        storage={
            "host": "https://lake.blob.core.windows.net",
            "login": CLIENT_ID,
            "password": CLIENT_SECRET,
            "extra": {"tenant_id": "tenant"},
        }
    ),
    "access token of the pool": Case(
        arguments={"credential": SharedAccessSignature(token=Secret(TOKEN))},
        pool={"extra": {"authentication": "access_token", "access_token": ACCESS_TOKEN}},
    ),
    "service principal of the pool": Case(
        arguments={"credential": SharedAccessSignature(token=Secret(TOKEN))},
        pool={
            "login": CLIENT_ID,
            "password": CLIENT_SECRET,
            "extra": {"authentication": "service_principal", "tenant_id": "tenant"},
        },
    ),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request):
    return request.param


@pytest.fixture
def task(case, new_connection, monkeypatch):
    """A task that uses the case's credentials, in a DAG."""
    token = SimpleNamespace(token=ACCESS_TOKEN, expires_on=time.time() + 3600)
    monkeypatch.setattr("azure.identity.ClientSecretCredential.get_token", lambda self, *scopes: token)
    monkeypatch.setattr(SynapseStorageHook, "survey", lambda self, locations, **_: SourceSurvey(files=1, bytes=10))
    pool = {"conn_type": "azure_synapse_sql_pool", "host": "ws.sql.azuresynapse.net", "schema": "sales", **case.pool}
    arguments = {"error_file": "/rejects", "max_errors": 1, **case.arguments}
    if isinstance(arguments.get("credential"), StorageAccountKey):
        del arguments["error_file"]  # a key may not write there
    if case.storage:
        arguments["storage_conn_id"] = new_connection("lake", conn_type="wasb", **case.storage)
        monkeypatch.setattr(SynapseStorageHook, "rejected_rows_report", lambda *_, **__: RejectedRowsReport())
    with DAG("flights", schedule=None):
        return SynapseCopyOperator(
            task_id="load",
            table="dbo.flights",
            external_locations="https://lake.blob.core.windows.net/landing/flights/",
            synapse_conn_id=new_connection("pool", **pool),
            **arguments,
        )


def secrets_that_the_driver_saw(driver):
    """Return what stands in SECRET, PWD and the token's attribute, so that made-up signatures are found too."""
    found = [
        literal.replace("''", "'")
        for sql in driver.statements
        for literal in re.findall(r"SECRET = '((?:[^']|'')*)'", sql)
    ]
    for text, options in driver.connections:
        found += [password.replace("}}", "}") for password in re.findall(r"PWD=\{((?:[^}]|\}\})*)\}", text)]
        found += [value[4:].decode("utf-16-le") for value in options["attrs_before"].values()]
    return [Secret(text) for text in found]


def forms(secrets):
    """Every encoding, and pieces of twelve characters of each that tell the secret."""
    whole = {form for secret in secrets for form in secret.encodings()}
    return whole | {form[start : start + 12] for form in whole for start in range(0, len(form) - 12, 4)}


def everything_that_shows(task, error=None, result=None):
    """Return all texts that a task leaves behind, with the local variables of our own functions in a traceback."""
    shown = [repr(task), str(vars(task)), str(task.copy_statement), json.dumps(result)]
    shown.append(json.dumps(_serialize_rendered_fields(task)))
    shown.append(json.dumps(DAG_SERIALIZER.to_dict(task.dag)))
    while error is not None:
        shown += [str(error), repr(error), repr(error.args), repr(vars(error))]
        shown += traceback.format_exception(error, chain=False)
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        ours = [frame for frame in frames if "/airflow_synapse/" in frame.f_code.co_filename]
        shown += [repr(value) for frame in ours for value in frame.f_locals.values()]
        error = error.__cause__ or error.__context__
    return shown


def assert_nothing_shows(secrets, texts):
    assert secrets
    shown = "\n".join(texts)
    assert [form for form in forms(secrets) if form in shown] == []


def known(case):
    texts = (PASSWORD, TOKEN, KEY, CLIENT_SECRET, ACCESS_TOKEN)
    return [Secret(text) for text in texts if text in repr_of_inputs(case)]


def repr_of_inputs(case):
    credential = case.arguments.get("credential")
    given_secret = credential.secret.reveal() if credential and credential.secret else ""
    values = [*case.storage.values(), *case.pool.values()]
    nested = [value for extra in values if isinstance(extra, dict) for value in extra.values()]
    return "\n".join([given_secret, *map(str, values), *map(str, nested)])


def test_a_load_that_succeeds(case, task, driver, context, caplog):
    caplog.set_level(logging.DEBUG)
    result = run_with_talkative_messages(task, driver, context)
    secrets = secrets_that_the_driver_saw(driver) + known(case)
    assert_nothing_shows(secrets, [*everything_that_shows(task, result=result), caplog.text])


def run_with_talkative_messages(task, driver, context):
    class Messages:
        """The statement itself, as a message of the pool."""

        def __iter__(self):
            return iter([("01000", f"executed: {driver.statements[-1]}")])

    driver.messages = Messages()
    return task.execute(context)


def test_a_load_that_fails_and_whose_error_quotes_the_statement(case, task, driver, context, caplog):
    caplog.set_level(logging.DEBUG)

    def refuse():
        raise driver.error(f"Incorrect syntax near '{driver.statements[-1]}'. (102) (SQLExecDirectW)")

    driver.answers = [("^COPY", refuse)]
    with pytest.raises(Exception, match="Incorrect syntax") as caught:
        task.execute(context)
    secrets = secrets_that_the_driver_saw(driver) + known(case)
    assert_nothing_shows(secrets, [*everything_that_shows(task, caught.value), caplog.text])


def test_an_error_that_quotes_a_piece_of_the_statement(case, task, driver, context, caplog):
    def refuse():
        sql = driver.statements[-1]
        start = sql.index("SECRET = '") + 12 if "SECRET" in sql else 0
        raise driver.error(f"Incorrect syntax near '{sql[start : start + 30]}'. (102) (SQLExecDirectW)")

    driver.answers = [("^COPY", refuse)]
    with pytest.raises(Exception, match="Incorrect syntax") as caught:
        task.execute(context)
    secrets = secrets_that_the_driver_saw(driver) + known(case)
    assert_nothing_shows(secrets, [*everything_that_shows(task, caught.value), caplog.text])


def test_a_login_that_fails_and_whose_error_quotes_the_connection_string(
    case, task, driver, context, caplog, monkeypatch
):
    caplog.set_level(logging.DEBUG)

    def refuse(connection_string, **options):
        driver.connections.append((connection_string, options))
        raise driver.error(f"Invalid connection string {connection_string!r} {options!r} (0) (SQLDriverConnect)")

    monkeypatch.setattr("pyodbc.connect", refuse)
    with pytest.raises(Exception, match="Invalid connection string") as caught:
        task.execute(context)
    secrets = secrets_that_the_driver_saw(driver) + known(case)
    assert_nothing_shows(secrets, [*everything_that_shows(task, caught.value), caplog.text])


def test_the_hook_itself(case, task, driver, caplog):
    caplog.set_level(logging.DEBUG)
    hook = SynapseSqlPoolHook("pool")
    driver.answers = [("SELECT", [(1,)])]
    texts = [str(hook.test_connection()), repr(hook.settings), repr(hook), str(hook.sqlalchemy_url)]
    texts.append(repr(hook.get_sqlalchemy_engine()))
    assert_nothing_shows(secrets_that_the_driver_saw(driver) + known(case), [*texts, caplog.text])
