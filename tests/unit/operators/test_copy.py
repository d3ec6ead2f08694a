"""The operator, on a driver that answers what it is told to and a listing that is given."""

import json
import re
import threading
import time
from urllib.parse import parse_qs

import pytest
from airflow.sdk import DAG, Asset
from airflow.sdk.execution_time.context import OutletEventAccessors
from jinja2 import UndefinedError

from airflow_synapse.copy import EntraPassthrough, ManagedIdentity, SharedAccessSignature
from airflow_synapse.exceptions import (
    CopyFailedError,
    CopyOutcomeUnknownError,
    PoolWarmingUpError,
    SourceFilesError,
    StatementCancelledError,
    TooManyRejectedRowsError,
)
from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.load.source_survey import SourceSurvey
from airflow_synapse.operators.copy import SynapseCopyOperator
from airflow_synapse.rejected_rows.report import RejectedRowsReport, SampleRow, TextRows
from airflow_synapse.secret import Secret
from airflow_synapse.version_compat import AirflowFailException

KEY = "c2VjcmV0LWtleS0wMTIzNDU2Nzg5"
COLUMNS = ("sys.columns", [("id", "int", 4, 10, 0, True, False, 0)])
LOCATION = "https://lake.blob.core.windows.net/landing/flights/"


def report_five(self, location, *, rows_loaded, sample_rows):
    """Five rejected rows, of which ``sample_rows`` are shown."""
    reasons = (TextRows(text="no number", rows=5),)
    sample = (SampleRow(raw="1,NA", reason="no number"),) * sample_rows
    return RejectedRowsReport(rows=5, files=2, rows_loaded=rows_loaded, reasons=reasons, sample=sample)


@pytest.fixture
def lake(new_connection, monkeypatch):
    """Id of a connection to the storage account ``lake`` by its key; its locations hold 3 files of 60 bytes in all."""
    monkeypatch.setattr(SynapseStorageHook, "survey", lambda self, locations, **_: SourceSurvey(files=3, bytes=60))
    monkeypatch.setattr(SynapseStorageHook, "rejected_rows_report", report_five)
    return new_connection("lake", conn_type="wasb", login="lake", password=KEY)


@pytest.fixture
def operator(pool):
    def build(**arguments):
        defaults = {"task_id": "load", "table": "dbo.flights", "external_locations": LOCATION, "synapse_conn_id": pool}
        return SynapseCopyOperator(**{**defaults, **arguments})

    return build


def secrets_in(copy):
    """Return the fields of each SAS in the text of a COPY, in order."""
    parts = copy.split("SECRET = '")[1:]
    return [{name: value[0] for name, value in parse_qs(part.partition("'")[0]).items()} for part in parts]


def test_every_template_field_is_an_attribute_and_every_renderer_names_one(operator):
    task = operator()
    assert all(hasattr(task, name) for name in task.template_fields)
    assert set(task.template_fields_renderers) <= set(task.template_fields)


def test_the_task_returns_what_came_of_the_load(operator, driver, lake, context):
    task = operator(storage_conn_id=lake, max_errors=10, error_file="/rejects", request_label="nightly")
    result = task.execute(context)
    seconds = result.pop("seconds")
    folder = result.pop("reject_folder")
    report = RejectedRowsReport.from_json(result.pop("rejected_rows_report"))
    assert (report.rows, report.rows_read, len(report.sample)) == (5, 847, 10)
    assert seconds >= 0
    assert folder.startswith("https://lake.blob.core.windows.net/landing/rejects/flights-load-manual-1-")
    assert result == {
        "table": "[dbo].[flights]",
        "label": "nightly",
        "request_id": "QID7",
        "rows_loaded": 842,
        "rows_rejected": 5,
        "files": 3,
        "bytes": 60,
        "reused": False,
    }
    json.dumps(result)


def test_the_options_reach_the_statement_as_they_were_rendered(operator, driver, context):
    task = operator(
        columns=["id", {"name": "day", "default": "2013-01-01", "field_number": "3"}],
        file_type="csv",
        first_row="2",
        field_terminator="|",
        row_terminator="0x0A",
        field_quote="",
        date_format="ymd",
        encoding="utf16",
        compression="gzip",
        max_errors="7",
        identity_insert="off",
    )
    task.execute(context)
    (copy,) = driver.copies
    assert "COPY INTO [dbo].[flights] ([id], [day] DEFAULT '2013-01-01' 3)" in copy
    for line in (
        "FILE_TYPE = 'CSV'",
        "FIRSTROW = 2",
        "FIELDTERMINATOR = '|'",
        "ROWTERMINATOR = '0x0A'",
        "FIELDQUOTE = ''",
        "DATEFORMAT = 'ymd'",
        "ENCODING = 'UTF16'",
        "COMPRESSION = 'GZIP'",
        "MAXERRORS = 7",
        "IDENTITY_INSERT = 'OFF'",
    ):
        assert line in copy
    assert "OPTION (LABEL = 'airflow: flights.load manual__1 [" in copy


@pytest.mark.parametrize("option", ["field_terminator", "row_terminator"])
@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("\n", "0x0A"),
        ("\r\n", "0x0D0A"),
        ("\r", "0x0D"),
        ("\r|", "0x0D7C"),
        ("|\n", "0x7C0A"),
        ("\t", "0x09"),
        ("\\n", "\\n"),
        ("{{ word }}", "0x7C0A"),
    ],
    ids=ascii,
)
def test_a_delimiter_is_sent_as_it_was_given_whatever_rendering_does_to_line_ends(
    operator, driver, context, option, given, sent
):
    task = operator(**{option: given})
    task.render_template_fields({"word": "|\n"})
    task.execute(context)
    (copy,) = driver.copies
    assert f"{option.replace('_', '').upper()} = '{sent}'" in copy


def test_a_line_end_that_native_rendering_takes_for_a_number_is_refused(operator, driver, context):
    with DAG("native", schedule=None, render_template_as_native_obj=True):
        task = operator(row_terminator="\n")
    task.render_template_fields({})
    with pytest.raises(AirflowFailException, match=r"ROWTERMINATOR is no text.*0x0A"):
        task.execute(context)


def test_a_key_of_the_connection_becomes_one_sas_to_read_and_another_to_write(operator, driver, lake, context):
    operator(storage_conn_id=lake, max_errors=10, error_file="/rejects").execute(context)
    (copy,) = driver.copies
    reading, writing = secrets_in(copy)
    assert (set(reading["sp"]), set(writing["sp"])) == (set("rl"), set("rlwcd"))
    assert KEY not in copy
    assert "ERRORFILE = 'https://lake.blob.core.windows.net/landing/rejects/flights-load-manual-1-" in copy


def test_a_credential_that_is_given_comes_before_the_connections(operator, driver, lake, context):
    operator(storage_conn_id=lake, credential=ManagedIdentity(), error_file="/rejects").execute(context)
    (copy,) = driver.copies
    assert "CREDENTIAL = (IDENTITY = 'Managed Identity')" in copy
    assert "SECRET" not in copy
    assert "ERRORFILE = '/rejects/flights-load-manual-1-" in copy


def test_without_credential_and_connection_no_clause_is_written(operator, driver, context):
    result = operator().execute(context)
    assert "CREDENTIAL" not in driver.copies[0]
    assert (result["files"], result["bytes"], result["rows_rejected"]) == (None, None, 0)


def test_each_try_writes_rejected_rows_to_a_folder_of_its_own(operator, driver, context):
    operator(error_file="/rejects/", max_errors=1).execute(context)
    context["ti"].try_number = 2
    context["dag_run"].clear_number = 1
    operator(error_file="/rejects/", max_errors=1, reload=True).execute(context)
    first, second = [line for copy in driver.copies for line in copy.splitlines() if "ERRORFILE" in line]
    assert "-try1-" in first
    assert "-try2-" in second


def test_the_sub_folder_can_be_switched_off_and_then_nothing_is_counted(operator, driver, lake, context):
    result = operator(
        storage_conn_id=lake,
        credential=EntraPassthrough(),
        error_file="/shared",
        error_file_per_load=False,
        max_errors=1,
    ).execute(context)
    assert "ERRORFILE = '/shared'" in driver.copies[0]
    assert result["rows_rejected"] is None


def test_the_events_of_assets_carry_the_result(operator, driver, context):
    flights, events = Asset("flights"), OutletEventAccessors()
    result = operator(outlets=[flights]).execute({**context, "outlet_events": events})
    assert events[flights].extra == result


def test_truncate_comes_before_copy(operator, driver, context):
    operator(write_disposition="truncate").execute(context)
    truncate = driver.statements.index("TRUNCATE TABLE [dbo].[flights]")
    assert driver.statements[truncate + 1 : truncate + 2] == driver.copies


@pytest.mark.parametrize("columns", [None, ["id", "nmae"]], ids=["identity column", "unknown column"])
def test_a_column_list_that_does_not_fit_the_table_is_refused_before_truncate(operator, driver, context, columns):
    rows = [("id", "int", 4, 10, 0, False, True, 0), ("name", "int", 4, 10, 0, True, False, 0)]
    driver.answers += [("sys.columns", rows)]
    with pytest.raises(AirflowFailException):
        operator(write_disposition="truncate", columns=columns).execute(context)
    assert not [sql for sql in driver.statements if sql.startswith(("TRUNCATE", "COPY"))]


@pytest.mark.parametrize(
    "arguments", [{"upsert_keys": "idd"}, {"upsert_keys": "id", "staging_distribution": "HASH(idd)"}], ids=str
)
def test_an_argument_that_names_no_column_of_the_table_is_refused_before_anything_is_staged(
    operator, driver, context, arguments
):
    driver.answers += [COLUMNS]
    name = list(arguments)[-1]
    with pytest.raises(AirflowFailException, match=rf"^{name} names \[idd\], which \[dbo\].\[flights\] has not"):
        operator(write_disposition="upsert", **arguments).execute(context)
    assert not [sql for sql in driver.statements if sql.startswith(("CREATE", "COPY"))]


def test_connections_are_made_in_autocommit_mode(operator, driver, context):
    operator().execute(context)
    ((_, options),) = driver.connections
    assert options["autocommit"] is True


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"write_disposition": "merge"}, "write_disposition is 'merge'"),
        ({"write_disposition": "upsert"}, "needs upsert_keys"),
        ({"ledger_table": "dbo.ledger", "auto_create_table": "ON", "file_type": "PARQUET"}, "create the table first"),
        ({"file_type": "JSONL"}, "JSONL"),
        ({"first_row": "two"}, "FIRSTROW"),
        ({"file_type": "PARQUET", "max_errors": 1, "auto_create_table": "ON"}, "MAXERRORS"),
        ({"table": "a.b.c.d"}, "'a.b.c.d'"),
        ({"external_locations": []}, "FROM"),
        ({"external_locations": "{{ not_rendered }}"}, "FROM"),
        ({"credential": "a secret as text"}, "CREDENTIAL"),
        ({"table": "#t"}, "temporary table"),
        ({"ledger_table": "#t"}, "temporary table"),
        ({"ledger_table": ""}, "ledger_table cannot be read as a name: ''"),
        ({"ledger_table": "a b"}, "ledger_table cannot be read as a name: 'a b'"),
        ({"ledger_table": 5}, "ledger_table is no text: a int"),
        ({"ledger_table": "None"}, "ledger_table is None, as a template renders"),
        ({"ledger_table": "a.b.c.d"}, "ledger_table has more than three parts"),
        ({"table": "None"}, "table is None, as a template renders"),
        ({"write_disposition": "upsert", "upsert_keys": "id, day"}, "upsert_keys cannot be read as a name: 'id, day'"),
        ({"write_disposition": "upsert", "upsert_keys": ["id", 5]}, "upsert_keys cannot be read as a name: '5'"),
        ({"reload": "perhaps"}, "reload is neither ON nor OFF"),
        ({"rejected_rows_sample": "few"}, "rejected_rows_sample is 'few'"),
        ({"table": 5}, "table is no text: a int"),
        ({"progress_interval": "thirty"}, "progress_interval is 'thirty'"),
        ({"create_table": "x"}, "create_table has an entry that cannot be read: it is a str, and no mapping"),
        ({"create_table": ["x"]}, "create_table has an entry that cannot be read: it is a list, and no mapping"),
        ({"create_table": {"columns": {"id": "text"}}}, "type of column 'id'"),
        ({"error_file": 5, "max_errors": 1}, "ERRORFILE is no text: a int"),
        ({"write_disposition": "replace_slice", "slice_predicate": 5}, "slice_predicate is no text: a int"),
        ({"ledger_table": "dbo.l", "staging_index": ["HEAP"]}, "staging_index is no text: a list"),
        ({"ledger_table": "dbo.l", "staging_distribution": 5}, "staging_distribution is no text: a int"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_wrong_argument_fails_without_retry_and_before_connecting(operator, driver, context, arguments, message):
    with pytest.raises(AirflowFailException, match=message) as caught:
        operator(**arguments).execute(context)
    assert not driver.connections
    assert "a secret as text" not in str(caught.value)


@pytest.mark.parametrize(
    ("create_table", "message"),
    [
        ({"distributon": "HASH(x)"}, "'distributon'"),
        ({"distribution": "HSH(x)"}, r"distribution cannot be read: 'HSH\(x\)'"),
        ({"index": 5}, "index is a int"),
        ({"partition": "day"}, "partition cannot be read"),
        ({"string_type": "text"}, "string_type"),
    ],
    ids=str,
)
def test_a_table_that_is_made_of_the_files_is_checked_before_they_are_looked_at(
    operator, driver, lake, context, create_table, message
):
    with pytest.raises(AirflowFailException, match=message):
        operator(storage_conn_id=lake, file_type="PARQUET", create_table=create_table).execute(context)
    assert not driver.connections


def test_a_location_in_another_account_fails_before_connecting(operator, driver, lake, context):
    elsewhere = "https://archive.blob.core.windows.net/landing/flights/"
    with pytest.raises(AirflowFailException, match="is in 'archive'"):
        operator(storage_conn_id=lake, external_locations=elsewhere).execute(context)
    assert not driver.connections


def test_no_file_fails_before_connecting(operator, driver, lake, context, monkeypatch):
    monkeypatch.setattr(SynapseStorageHook, "survey", lambda self, locations, **_: SourceSurvey())
    with pytest.raises(AirflowFailException, match=f"no file to load in {LOCATION}"):
        operator(storage_conn_id=lake).execute(context)
    assert not driver.connections


@pytest.mark.parametrize("clear_number", [0, 1], ids=["retry", "clear"])
@pytest.mark.parametrize("on_empty", ["fail", "skip", "succeed"])
def test_what_an_earlier_try_has_loaded_counts_also_when_its_files_are_gone(
    operator, driver, lake, context, monkeypatch, on_empty, clear_number
):
    first = operator(storage_conn_id=lake).execute(context)
    monkeypatch.setattr(SynapseStorageHook, "survey", lambda self, locations, **_: SourceSurvey())
    context["ti"].try_number, context["dag_run"].clear_number = 2, clear_number
    second = operator(storage_conn_id=lake, on_empty=on_empty).execute(context)
    assert second == {**first, "seconds": None, "files": None, "bytes": None, "reused": bool(clear_number)}
    assert len(driver.copies) == 1


def test_no_file_in_a_later_try_is_no_file_where_no_earlier_one_has_loaded(
    operator, driver, lake, context, monkeypatch
):
    monkeypatch.setattr(SynapseStorageHook, "survey", lambda self, locations, **_: SourceSurvey())
    context["ti"].try_number = 2
    result = operator(storage_conn_id=lake, on_empty="succeed").execute(context)
    assert (result["rows_loaded"], result["request_id"]) == (0, None)


def test_a_missing_secret_fails_and_drops_no_clause(operator, driver, new_connection, context):
    new_connection("empty", conn_type="wasb", login="lake", password="")
    with pytest.raises(AirflowFailException, match="'empty' holds no SAS token"):
        operator(storage_conn_id="empty").execute(context)
    assert not driver.connections


def test_a_final_error_of_the_pool_fails_without_retry(operator, driver, context):
    driver.answers = [("^COPY", driver.error("Invalid object name 'dbo.flights'. (208) (SQLExecDirectW)"))]
    with pytest.raises(AirflowFailException, match="Invalid object name") as caught:
        operator().execute(context)
    assert isinstance(caught.value.__cause__, CopyFailedError)


def test_an_error_that_may_pass_is_left_to_airflows_retries(operator, driver, context):
    driver.answers = [("^COPY", driver.error("You are the deadlock victim. (1205) (SQLExecDirectW)", "40001"))]
    with pytest.raises(CopyFailedError) as caught:
        operator().execute(context)
    assert caught.value.retryable


def test_an_append_whose_link_broke_is_not_repeated(operator, driver, context):
    driver.answers = [("^COPY", driver.error("TCP Provider: Error code 0x2746 (10054) (SQLExecDirectW)", "08S01"))]
    with pytest.raises(AirflowFailException, match="nothing shows what became of it") as caught:
        operator().execute(context)
    assert isinstance(caught.value.__cause__, CopyOutcomeUnknownError)


def test_a_pool_that_warms_up_too_long_is_left_to_airflows_retries(operator, driver, context, monkeypatch):
    def refuse(*arguments, **options):
        raise driver.error("The SQL pool is warming up. (42109) (SQLDriverConnect)")

    monkeypatch.setattr("pyodbc.connect", refuse)
    monkeypatch.setattr("airflow_synapse.hooks.connecting.FIRST_DELAY", 1000.0)
    with pytest.raises(PoolWarmingUpError):
        operator().execute(context)


def test_on_kill_cancels_the_running_statement(operator, driver, context):
    task = operator()

    def killed():
        task.on_kill()
        raise driver.error("Operation canceled (0) (SQLExecDirectW)", "HY008")

    driver.answers = [("^COPY", killed)]
    with pytest.raises(StatementCancelledError):
        task.execute(context)
    assert driver.cancelled
    assert "KILL 'SID7'" in driver.statements  # it had not ended a second later


def test_a_statement_that_lets_itself_be_canceled_is_not_killed(operator, driver, context):
    task = operator()

    def cancelled():
        killer = threading.Thread(target=task.on_kill)
        killer.start()
        while not driver.cancelled:
            time.sleep(0.01)
        threads.append(killer)
        raise driver.error("Operation canceled (0) (SQLExecDirectW)", "HY008")

    threads = []
    driver.answers = [("^COPY", cancelled)]
    with pytest.raises(StatementCancelledError):
        task.execute(context)
    threads[0].join()
    assert not [sql for sql in driver.statements if sql.startswith("KILL")]


def test_on_kill_before_the_task_has_begun_does_nothing(operator):
    operator().on_kill()


def test_the_statement_is_shown_without_its_secrets_even_when_it_fails(operator, driver, context):
    driver.answers = [("^COPY", driver.error("no (208) (SQLExecDirectW)"))]
    task = operator(credential=SharedAccessSignature(token=Secret("sv=1&sig=sentinel-secret")))
    with pytest.raises(AirflowFailException):
        task.execute(context)
    assert "COPY INTO [dbo].[flights]" in task.copy_statement
    assert "SECRET = '***'" in task.copy_statement


def test_rejected_rows_that_cannot_be_counted_are_unknown(operator, driver, lake, context, monkeypatch):
    def refuse(self, location, **_):
        raise SourceFilesError("no")

    monkeypatch.setattr(SynapseStorageHook, "rejected_rows_report", refuse)
    result = operator(storage_conn_id=lake, max_errors=10, error_file="/rejects").execute(context)
    assert (result["rows_loaded"], result["rows_rejected"], result["rejected_rows_report"]) == (842, None, None)


def test_rows_of_files_that_nobody_can_count_are_unknown(operator, driver, lake, context, monkeypatch):
    report = RejectedRowsReport(files=1, uncounted_files=1)
    monkeypatch.setattr(SynapseStorageHook, "rejected_rows_report", lambda *_, **__: report)
    result = operator(storage_conn_id=lake, max_errors=10, error_file="/rejects").execute(context)
    assert (result["rows_rejected"], result["rejected_rows_report"]["uncounted_files"]) == (None, 1)


def test_the_sample_of_rejected_rows_can_be_turned_off(operator, driver, lake, context):
    task = operator(storage_conn_id=lake, max_errors=10, error_file="/rejects", rejected_rows_sample=0)
    assert task.execute(context)["rejected_rows_report"]["sample"] == []


def test_a_sample_that_is_no_number_is_refused_before_the_load(operator, driver, lake, context):
    task = operator(storage_conn_id=lake, max_errors=10, error_file="/rejects", rejected_rows_sample="all")
    with pytest.raises(AirflowFailException, match=r"^rejected_rows_sample is 'all'"):
        task.execute(context)
    assert not driver.statements


STAGED = {"write_disposition": "replace_slice", "slice_predicate": "1 = 1"}
REJECTING = {"storage_conn_id": "lake", "max_errors": 10, "error_file": "/rejects"}


@pytest.mark.parametrize(
    ("thresholds", "breach"),
    [
        ({"max_rejected_rows": 5}, None),
        ({"max_rejected_rows": "4"}, "more than max_rejected_rows=4 allows"),
        ({"max_rejected_ratio": 5 / 847}, None),
        ({"max_rejected_ratio": "0.005"}, "more than max_rejected_ratio=0.005 allows"),
        ({"max_rejected_rows": 5, "max_rejected_ratio": 0.005}, "more than max_rejected_ratio=0.005 allows"),
    ],
    ids=str,
)
def test_too_many_rejected_rows_fail_the_load_before_it_is_published(
    operator, driver, lake, context, thresholds, breach
):
    driver.answers += [COLUMNS, ("COUNT", [(0,)])]
    task = operator(**STAGED, **REJECTING, **thresholds)
    if breach is None:
        assert task.execute(context)["rows_rejected"] == 5
        assert "COMMIT TRANSACTION" in driver.statements
        return
    with pytest.raises(AirflowFailException, match=f"5 of 847 rows .* were rejected, {breach}") as caught:
        task.execute(context)
    assert isinstance(caught.value.__cause__, TooManyRejectedRowsError)
    assert "was not changed" in str(caught.value)
    assert "5 x no number" in str(caught.value)
    assert caught.value.__cause__.report["rows"] == 5
    assert "BEGIN TRANSACTION" not in driver.statements
    assert "DROP TABLE [dbo].[airflow_load_" in driver.statements[-1]


def test_rows_that_only_the_staging_table_knows_count_for_the_ratio(operator, driver, lake, context):
    driver.answers = [
        ("^COPY", None),
        ("SUM\\(w.rows_processed", [("QID7", None)]),
        COLUMNS,
        ("COUNT_BIG\\(\\*\\) FROM \\S+$", [(95,)]),
        ("COUNT_BIG", [(0,)]),
    ]
    with pytest.raises(AirflowFailException, match="5 of 100 rows"):
        operator(**STAGED, **REJECTING, max_rejected_ratio=0.04).execute(context)


@pytest.mark.parametrize("argument", ["max_rejected_rows", "max_rejected_ratio"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "{argument} must be compared before the table changes, but write_disposition='append'"),
        ({"write_disposition": "truncate"}, "{argument} must be compared .* but write_disposition='truncate'"),
        ({**STAGED, "error_file": None}, "{argument} cannot be compared with anything: .* error_file"),
        ({**STAGED, "error_file_per_load": False}, "error_file_per_load"),
        ({**STAGED, "storage_conn_id": None}, "storage_conn_id or error_storage_conn_id"),
        ({**STAGED, "{argument}": "-1"}, "{argument} is"),
        ({**STAGED, "{argument}": "many"}, "{argument} is 'many'"),
        ({**STAGED, "{argument}": "nan"}, "{argument} is"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_thresholds_that_cannot_be_kept_are_refused_before_connecting(
    operator, driver, lake, context, argument, arguments, message
):
    given = {name.format(argument=argument): value for name, value in arguments.items()}
    with pytest.raises(AirflowFailException, match=message.format(argument=argument)):
        operator(**{**REJECTING, argument: 1, **given}).execute(context)
    assert not driver.connections


def test_an_append_with_a_ledger_has_a_staging_table_and_so_thresholds(operator, driver, lake, context):
    driver.answers += [
        COLUMNS,
        ("create_date", [("2013-01-31T00:00:00",)]),
        ("OBJECT_ID", [(1,)]),
        ("COUNT", [(0,)]),
        ("SELECT attempt", []),
    ]
    with pytest.raises(AirflowFailException, match="more than max_rejected_rows=0 allows"):
        operator(**REJECTING, ledger_table="dbo.ledger", max_rejected_rows=0).execute(context)


def test_an_attempt_after_a_broken_link_writes_rejected_rows_to_a_folder_of_its_own(operator, driver, lake, context):
    def break_once():
        driver.answers[0] = ("^COPY", 842)
        raise driver.error("TCP Provider: Error code 0x2746 (10054) (SQLExecDirectW)", "08S01")

    driver.answers = [
        ("^COPY", break_once),
        COLUMNS,
        ("COUNT_BIG", [(0,)]),
    ]
    result = operator(**STAGED, **REJECTING).execute(context)
    first, second = [re.findall("ERRORFILE = '(.*)'", copy)[0] for copy in driver.copies]
    assert first != second == result["reject_folder"]


def test_the_life_of_a_sas_begins_with_the_attempt_that_submits(operator, driver, lake, context, monkeypatch):
    begun = []

    def sas(self, location, permissions):
        return SharedAccessSignature(token=Secret(f"sv=1&sp={permissions}&sig={'late' if begun else 'early'}"))

    monkeypatch.setattr(SynapseStorageHook, "_copy_credential", sas)
    driver.answers.insert(0, ("client_correlation_id'", lambda: begun.append(True)))
    operator(**REJECTING).execute(context)
    (copy,) = driver.copies
    assert (copy.count("sig=late"), copy.count("sig=early")) == (2, 0)


def test_a_retry_of_a_try_that_loaded_returns_its_result_and_its_reject_folder(operator, driver, context):
    first = operator(error_file="/rejects", max_errors=1).execute(context)
    context["ti"].try_number = 2
    second = operator(error_file="/rejects", max_errors=1).execute(context)
    assert second == {**first, "seconds": None}
    assert f"ERRORFILE = '{second['reject_folder']}'" in driver.copies[0]
    assert len(driver.copies) == 1


def test_a_clear_returns_the_result_of_before_unless_the_user_wants_the_rows_again(operator, driver, context):
    first = operator().execute(context)
    context["ti"].try_number, context["dag_run"].clear_number = 2, 1
    assert operator().execute(context) == {**first, "seconds": None, "reused": True}
    again = operator(reload=True).execute(context)
    assert (again["reused"], again["label"] == first["label"]) == (False, False)
    assert len(driver.copies) == 2


@pytest.mark.parametrize(("reload", "copies"), [("False", 1), ("off", 1), ("True", 2), ("ON", 2)])
def test_switches_are_read_from_what_templates_make_of_them(operator, driver, context, reload, copies):
    task = operator(reload="{{ again }}", update_statistics="{{ again }}", error_file_per_load="{{ again }}")
    task.render_template_fields({"again": reload})
    task.execute(context)
    context["ti"].try_number, context["dag_run"].clear_number = 2, 1
    task.execute(context)
    assert len(driver.copies) == copies
    assert len([sql for sql in driver.statements if "UPDATE STATISTICS" in sql]) == (2 if copies == 2 else 0)


def test_airflow_without_a_state_store_loads_at_the_first_try(operator, driver, context):
    del context["task_state_store"]
    assert operator().execute(context)["rows_loaded"] == 842


def test_arguments_that_were_rendered_as_text_are_understood(operator, driver, context):
    driver.answers += [COLUMNS, ("COUNT", [(0,)])]
    operator(write_disposition="upsert", upsert_keys="[id]", staging_distribution="HASH(id)").execute(context)
    assert any("WITH (DISTRIBUTION = HASH([id]), HEAP)" in sql for sql in driver.statements)
    assert any("staged.[id] = [flights].[id]" in sql for sql in driver.statements)


def test_the_operator_can_be_mapped(pool):
    with DAG("flights", schedule=None):
        task = SynapseCopyOperator.partial(
            task_id="load",
            table="dbo.flights",
            synapse_conn_id=pool,
            credential=SharedAccessSignature(token=Secret("sentinel-secret-token")),
        ).expand(external_locations=[LOCATION + "1/", LOCATION + "2/"])
    unmapped = task.unmap({"external_locations": LOCATION + "1/"})
    assert isinstance(unmapped, SynapseCopyOperator)
    assert unmapped.external_locations == LOCATION + "1/"
    assert "sentinel-secret" not in repr(task.partial_kwargs)


def clear(context, *, clear_number=1):
    context["ti"].try_number, context["dag_run"].clear_number = context["ti"].try_number + 1, clear_number


def test_a_cleared_append_of_which_the_store_remembers_nothing_is_not_repeated(operator, driver, context):
    """The DAG run was loaded by an Airflow without the store, and the pool's views are empty."""
    accessor = context.pop("task_state_store")
    operator().execute(context)
    clear(context)
    context["task_state_store"] = accessor
    with pytest.raises(AirflowFailException, match="Airflow does not remember what earlier tries"):
        operator().execute(context)
    assert len(driver.copies) == 1


@pytest.mark.parametrize("clear_number", [0, 1])
def test_a_store_that_forgets_what_succeeded_does_not_let_an_append_be_repeated(
    operator, driver, context, monkeypatch, clear_number
):
    monkeypatch.setenv("AIRFLOW__STATE_STORE__CLEAR_ON_SUCCESS", "True")
    operator().execute(context)
    context["task_state_store"].values.clear()
    clear(context, clear_number=clear_number)
    with pytest.raises(AirflowFailException, match="Airflow does not remember what earlier tries"):
        operator().execute(context)
    assert len(driver.copies) == 1


def fail_in_a_template(task, context):
    with pytest.raises(UndefinedError):
        task.render_template_fields(context)


def fail_in_an_argument(task, context):
    with pytest.raises(AirflowFailException):
        task.execute(context)


@pytest.mark.parametrize(
    ("max_errors", "fail"), [("{{ params.none.such }}", fail_in_a_template), ("many", fail_in_an_argument)]
)
def test_a_try_that_has_failed_before_it_reached_the_pool_is_remembered(operator, driver, context, max_errors, fail):
    fail(operator(max_errors=max_errors), context)
    clear(context)
    operator().execute(context)
    assert len(driver.copies) == 1


def test_a_task_that_is_cleared_with_another_target_loads_it(operator, driver, context):
    operator(table="dbo.wrong").execute(context)
    clear(context)
    result = operator(table="dbo.flights").execute(context)
    assert not result["reused"]
    clear(context, clear_number=2)
    assert operator(table="[DBO].Wrong").execute(context)["reused"]
    assert len(driver.copies) == 2
