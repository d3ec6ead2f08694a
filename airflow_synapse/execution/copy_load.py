"""One COPY with all around it: credentials, preflight, progress, the load itself, and what came of it."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from typing import Final

from airflow_synapse.copy import CopyStatement
from airflow_synapse.exceptions import LoadCheckError, RowCountError, StatementError, SynapseError
from airflow_synapse.execution.arguments import CopyArguments
from airflow_synapse.execution.described_load import (
    check_create_table,
    check_targets,
    copy_statement,
    load_options,
    with_credentials,
)
from airflow_synapse.execution.load_rejects import LoadRejects
from airflow_synapse.execution.progress_reporter import ProgressReporter
from airflow_synapse.execution.task_try import TaskTry
from airflow_synapse.hooks.pool_session import PoolSession
from airflow_synapse.hooks.sql_pool import SynapseSqlPoolHook
from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.load.identity import Attempt, staging_prefix
from airflow_synapse.load.load import Load, LoadOutcome
from airflow_synapse.load.preflight import (
    Preflight,
    check_columns,
    check_on_empty,
    check_sources,
    no_files,
    run_preflight,
    target_columns,
)
from airflow_synapse.load.record import LoadRecord
from airflow_synapse.load.request import kill_session
from airflow_synapse.load.result import LoadResult
from airflow_synapse.load.runner import find_result, hand_over, run_load
from airflow_synapse.load.source_survey import SourceSurvey
from airflow_synapse.load.statements import PlainStatement
from airflow_synapse.load.submission import Session, drop_leftovers
from airflow_synapse.rejected_rows.report import RejectedRowsReport
from airflow_synapse.schema.create_table import build_table
from airflow_synapse.schema.table import TableDefinition

#: Seconds that a cancelled statement gets to end by itself, and then KILL: Airflow ends the process after five.
_CANCEL_SECONDS: Final = 1.0
_KILL_SECONDS: Final = 3.0

#: "There is already an object named ...". Source: Spark connector reference of 2020, Write API; database engine errors.
ALREADY_AN_OBJECT: Final = 2714

log: Final = logging.getLogger(__name__)


class CopyLoad:
    """One execution of a SynapseCopyOperator. The constructor checks the arguments, and connects to nothing.

    :param arguments: The operator's arguments, rendered.
    :param task_try: Who loads.
    :raises CopyOptionError: An argument, or a pair of them, is wrong.
    :raises CredentialError: A connection does not hold the credential that is needed.
    """

    def __init__(self, arguments: CopyArguments, task_try: TaskTry) -> None:
        self._arguments = arguments
        self._try = task_try
        self._hook = SynapseSqlPoolHook(arguments.synapse_conn_id)
        self._storage = _storage_hook(arguments.storage_conn_id)
        self._error_storage = _storage_hook(arguments.error_storage_conn_id) or self._storage
        self._session: PoolSession | None = None
        self._is_cancelled = False
        self._survey: SourceSurvey | None = None
        self._preflight: Preflight | None = None
        self._options = load_options(arguments)
        label = arguments.request_label or task_try.identity.label
        copy = copy_statement(arguments, label=label, reject_folder=self._try_folder)
        self._options.check(copy)
        self._rejects = LoadRejects(arguments, self._error_storage)
        self._rejects.check(self._options)
        check_on_empty(arguments.on_empty)
        check_targets(self._options, copy)
        check_create_table(arguments, copy)
        self._plain = copy
        #: The statement, with the credentials that the connections hold.
        self.copy = self._with_credentials(copy)

    def read_connection(self) -> None:
        """Read the connection to the pool, which may talk to Airflow, ahead of :meth:`run`.

        :raises SynapseConnectionError: The connection is wrong.
        """
        _ = self._hook.settings

    def hand_over(self) -> LoadRecord | None:
        """Prepare that another process does :meth:`run`; see :func:`~airflow_synapse.load.runner.hand_over`."""
        record = hand_over(self._open_session, self._load())
        if record is None:
            log.warning("The pool does not show its requests, so that this load cannot be deferred: it runs here.")
        return record

    def find_result(self) -> LoadResult | None:
        """Return the result of an earlier try, None for none; see :func:`~airflow_synapse.load.runner.find_result`."""
        outcome = find_result(self._open_session, self._load())
        return self._result(outcome) if outcome else None

    def run(self) -> LoadResult:
        """Load the files.

        :raises NoSourceFilesError: There is none, and ``on_empty`` is not ``succeed``.
        :raises RowCountError: Not all rows of the files were loaded.
        :raises SynapseError: It failed.
        """
        copy = self.copy
        log.info("Loading (%s):\n%s", self._options.write_disposition, copy.redacted_sql())
        self._survey = survey = self._look_at_sources()
        if survey is not None and not survey.files:
            self._survey = None  # an earlier try may have had files, which were moved since
            return (None if self._try.is_first else self.find_result()) or self._nothing_to_load()
        with ProgressReporter(
            self._hook.session,
            label=copy.label or "",
            session_id=lambda: self._session.session_id if self._session else "",
            sources=self._sources,
            interval=self._arguments.progress_interval,
        ):
            outcome = run_load(self._open_session, self._load())
        result = self._result(outcome)
        log.info("Loaded: %s", replace(result, rejected_rows_report=None))  # which has been logged as a table
        self._check_rows(outcome)
        return result

    def _result(self, outcome: LoadOutcome) -> LoadResult:
        copy, survey = self._copy_of(outcome.attempt), self._survey
        rejects = self._rejects.report(copy, outcome.rows_loaded)
        return LoadResult(
            table=str(copy.target),
            label=copy.label or "",
            request_id=outcome.request_id,
            rows_loaded=outcome.rows_loaded,
            rows_rejected=rejects.rows if rejects and not rejects.uncounted_files else None,
            reject_folder=copy.error_file.directory if copy.error_file else None,
            files=survey.files if survey else None,
            bytes=survey.bytes if survey else None,
            seconds=outcome.seconds,
            reused=outcome.reused,
            rejected_rows_report=rejects,
        )

    def _inspect(self, copy: CopyStatement, rows: int) -> None:
        """Look at the rows of a staging table before they are published."""
        expected = self._arguments.rows
        if expected is not None and rows != expected:
            raise LoadCheckError(
                f"{self.copy.target} was not changed: the files hold {expected:,} rows, and COPY has loaded {rows:,}."
            )
        self._rejects.inspect(copy, rows)

    def _check_rows(self, outcome: LoadOutcome) -> None:
        expected, loaded = self._arguments.rows, outcome.rows_loaded
        is_ours = outcome.seconds is not None  # an earlier try may have had other files
        if is_ours and expected is not None and loaded is not None and loaded != expected:
            raise RowCountError(
                f"The files hold {expected:,} rows, and COPY has loaded {loaded:,} into {self.copy.target} (request "
                f"{outcome.request_id}). Find out which rows are in the table before the load is repeated."
            )

    def cancel(self) -> None:
        """Cancel the running statement; where that does not help at once, end its session, and no other.

        The staging table is dropped, too: nobody may try again. Returns within four seconds, from whatever thread it is
        called, also from a signal handler.
        """
        self._is_cancelled = True
        session = self._session
        if session is None:
            return
        session.cancel()
        if not session.session_id:
            return
        has_ended = session.has_ended(_CANCEL_SECONDS)
        if not has_ended or self._options.path == "staged":
            to_end = None if has_ended else session.session_id
            cleaner = threading.Thread(target=self._clean_up, args=(to_end,), daemon=True)
            cleaner.start()
            cleaner.join(_KILL_SECONDS)

    def _clean_up(self, session_id: str | None) -> None:
        """End a session, and drop the staging tables of this process: a later try may have begun, which has its own."""
        try:
            with self._hook.brief_session() as session:
                if session_id is not None:
                    _kill(session, session_id)
                if self._options.path == "staged":
                    drop_leftovers(session, staging_prefix(self._try.identity.load_id, self._try.process))
        except SynapseError as error:
            log.warning("What the cancelled load leaves in the pool is left to the next try. %s", error)

    def _open_session(self) -> PoolSession:
        session = self._session = self._hook.session()
        if self._is_cancelled:
            session.cancel()
        return session

    def _load(self) -> Load:
        task_try, arguments = self._try, self._arguments
        return Load(
            copy=self.copy,
            options=self._options,
            identity=task_try.identity,
            try_number=task_try.try_number,
            store=task_try.store,
            has_store=task_try.has_store,
            process=task_try.process,
            first_number=task_try.first_attempt,
            before=self._before_submission,
            copy_of=self._copy_of,
            inspect=self._inspect,
            origin=arguments.origin,
            is_empty=arguments.rows == 0,
        )

    def _before_submission(self, session: Session) -> None:
        """Make the table where it is missing, and check the arguments and the files against it.

        :raises CopyOptionError: A column that an argument names does not fit.
        :raises SourceFilesError: The files do not.
        """
        arguments, survey = self._arguments, self._survey
        if arguments.create_table is not None:
            files = survey.parquet_files if survey else ()
            _create(session, build_table(self.copy.target, arguments.create_table, files))
        columns = target_columns(session, self.copy)
        check_columns(self.copy, self._options, columns)
        if survey is None:
            return
        preflight = self._preflight = run_preflight(session, survey, self.copy, columns)
        for warning in preflight.warnings:
            log.warning("%s", warning)
        preflight.raise_for_problems()

    def _sources(self) -> Preflight | None:
        """Return what is known of the files, for a percentage of progress."""
        if self._preflight is None and self._survey is not None:
            return check_sources(self._survey, self.copy)
        return self._preflight

    def _look_at_sources(self) -> SourceSurvey | None:
        """Look what there is to load; None when nothing here can list the storage account, or there is nothing."""
        if not self._storage or self._arguments.rows == 0:
            return None
        read_footers = self.copy.file_type == "PARQUET"
        survey = self._storage.survey(self.copy.external_locations, read_footers=read_footers)
        log.info("%d files, %d bytes", survey.files, survey.bytes)
        return survey

    def _nothing_to_load(self) -> LoadResult:
        nothing = no_files(self.copy.external_locations)
        if check_on_empty(self._arguments.on_empty) != "succeed":
            raise nothing
        log.info("%s The table stays as it is.", nothing)
        return LoadResult(
            table=str(self.copy.target),
            label=self.copy.label or "",
            rows_loaded=0,
            rows_rejected=0,
            files=0,
            bytes=0,
            rejected_rows_report=RejectedRowsReport(rows_loaded=0),
        )

    def _copy_of(self, attempt: Attempt) -> CopyStatement:
        """Return the statement of an attempt, whose folder for rejected rows and whose SAS are its own."""
        task_try, copy = self._try, self._plain
        identity = replace(task_try.identity, clear_number=attempt.clear_number)
        if copy.error_file and self._arguments.error_file_per_load:
            base = copy.error_file.directory.removesuffix(self._try_folder)
            folder = identity.reject_folder(attempt.try_number, attempt.token)
            copy = replace(copy, error_file=replace(copy.error_file, directory=base + folder))
        if not self._arguments.request_label:
            copy = replace(copy, label=identity.label)
        return self._with_credentials(copy)

    def _with_credentials(self, copy: CopyStatement) -> CopyStatement:
        return with_credentials(copy, self._arguments, self._storage, self._error_storage)

    @property
    def _try_folder(self) -> str:
        """What the folders for the rejected rows of this try begin with."""
        return self._try.identity.reject_folder(self._try.try_number)


def _kill(session: PoolSession, session_id: str) -> None:
    try:
        session.execute(PlainStatement(kill_session(session_id)))
    except SynapseError as error:  # it may have closed just now
        log.warning("The session %s cannot be ended: %s", session_id, error)


def _create(session: Session, table: TableDefinition) -> None:
    """Make the table, unless it is there; another task may make it between the look and the statement."""
    try:
        session.execute(table)
    except StatementError as error:
        if error.number != ALREADY_AN_OBJECT:
            raise


def _storage_hook(connection_id: str | None) -> SynapseStorageHook | None:
    return SynapseStorageHook(connection_id) if connection_id else None
