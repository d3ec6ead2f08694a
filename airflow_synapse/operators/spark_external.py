"""Make an external table of what a Spark job writes, for ``table_type="EXTERNAL"``. Only running tasks import it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from airflow_synapse.copy import TableName
from airflow_synapse.copy.rules import read_text
from airflow_synapse.exceptions import SynapseError, TableExistsError, TransferOptionError
from airflow_synapse.execution.staged_job import StagedJob
from airflow_synapse.execution.task_try import TaskTry
from airflow_synapse.hooks.sql_pool import SynapseSqlPoolHook
from airflow_synapse.load.result import LoadResult
from airflow_synapse.load.rights import MissingRight, rights_to_make_external_table
from airflow_synapse.load.statements import PlainStatement
from airflow_synapse.load.submission import Session
from airflow_synapse.operators.spark_work import STAGING_SCRIPTS, SparkWork, facts_of, job_arguments, staging_request
from airflow_synapse.schema.catalog import object_id
from airflow_synapse.schema.create_table import build_table, check_ahead
from airflow_synapse.spark.job import Batch
from airflow_synapse.spark.names import BatchName
from airflow_synapse.transfer import external
from airflow_synapse.transfer.job_request import DATA_FOLDER
from airflow_synapse.transfer.lake_folder import below
from airflow_synapse.transfer.manifest import Manifest
from airflow_synapse.transfer.save_mode import read_save_mode
from airflow_synapse.transfer.table_columns import with_columns

if TYPE_CHECKING:
    from airflow_synapse.operators.spark_to_sql_pool import SparkToSqlPoolOperator

#: Key of the task state store.
RECORD_KEY: Final = "synapse_external_table"

log: Final = logging.getLogger(__name__)


class ExternalTableWork(SparkWork):
    """One execution of a SparkToSqlPoolOperator that makes an external table.

    The files stay where the job has written them, in the folder of its batch. That folder's name, which the pool shows,
    tells a later try that the table is made.

    :param task: The operator, rendered.
    :param task_try: Who works.
    :raises TransferOptionError: An argument is wrong.
    :raises CopyOptionError: The same, for a text, a name or ``create_table``.
    """

    _task: SparkToSqlPoolOperator

    def __init__(self, task: SparkToSqlPoolOperator, task_try: TaskTry) -> None:
        self._mode = read_save_mode(task.save_mode)
        if self._mode == "append" or task.write_disposition:
            raise TransferOptionError(
                "An external table is made of one job's files: save_mode is errorifexists, overwrite or ignore for it, "
                "and write_disposition is left out."
            )
        if not task.data_source or not task.file_format:
            raise TransferOptionError("table_type='EXTERNAL' needs data_source and file_format.")
        for name in ("data_source", "file_format", "location"):
            read_text(getattr(task, name) or "", name)
        self._name = TableName.parse(task.table, option="table")
        create_table = {} if task.create_table is None else task.create_table
        check_ahead(self._name, create_table)
        if stored := [name for name in ("distribution", "index", "partition") if create_table.get(name)]:
            raise TransferOptionError(f"create_table has {', '.join(stored)}: an external table has columns only.")
        arguments = job_arguments(task)
        self._root = below(arguments["root"], task.location or "/".join(self._name.parts))
        request = staging_request(task)
        job = StagedJob(**{**arguments, "root": self._root}, scripts=STAGING_SCRIPTS, request=request)
        super().__init__(task, task_try, job, request(self._root))
        self._hook = SynapseSqlPoolHook(task.synapse_conn_id)

    def look_back(self) -> dict[str, Any] | None:
        """Return the result where the table is made, or is there and to be left alone.

        :raises TableExistsError: There is another one.
        :raises TransferOptionError: The pool has no such data source, or no such file format.
        """
        with self._hook.session() as session:
            place = external.path_in_data_source(self._root, self._data_source, self._places(session))
            if not session.fetch(external.EXTERNAL_FILE_FORMAT, self._task.file_format):
                raise TransferOptionError(
                    f"The pool has no external file format {self._task.file_format!r}, or the login may not see it. An "
                    "administrator makes one with CREATE EXTERNAL FILE FORMAT."
                )
            made_by, is_there = self._made_by(session), self._is_there(session)
            is_external = bool(session.fetch(external.location_of_table(self._name)))
        log.debug("External files are below %s of %s", place, self._data_source)
        identity = self._try.identity
        mine = identity.load_id, self._fingerprint
        is_ours = made_by is not None and (made_by.load_id, made_by.fingerprint) == mine
        again = self._overwrites or self._task.reload
        if made_by is not None and is_ours and (made_by.clear_number == identity.clear_number or not again):
            if replaced := self._replaced():  # the worker died before it could
                self._remove_others(str(made_by), replaced)
            reused = made_by.clear_number != identity.clear_number
            return {**self._result(reused=reused).to_json(), "rows_staged": None, **facts_of()}
        if is_there and self._overwrites and not is_external:
            raise TableExistsError(
                f"{self._name} is there, and is no external table, which is all that save_mode overwrite replaces. "
                "Nothing was started."
            )
        if not is_there or self._overwrites:
            return None
        if self._mode == "ignore":
            log.info("%s is there, and save_mode is ignore: it stays as it is.", self._name)
            return {**self._result(rows=0).to_json(), "rows_staged": None, **facts_of()}
        raise TableExistsError(
            f"There is already an object named {self._name} in the pool, and save_mode is errorifexists. Nothing was "
            "started."
        )

    def missing_pool_rights(self) -> list[MissingRight]:
        """Return which rights to make an external table the login lacks."""
        return self._hook.missing_rights(rights_to_make_external_table(self._name.schema or "dbo"))

    def complete(self, batch: Batch, manifest: Manifest, deadline: str | None) -> dict[str, Any]:  # noqa: ARG002 - for who loads
        """Make the table. In place of another, readers see none for a moment: the pool has no way to change it.

        :raises SynapseError: The pool refuses; what the job has written stays for the next try.
        """
        columns = build_table(self._name, with_columns(self._task.create_table, manifest.columns)).columns
        try:
            with self._hook.session() as session:
                store = external.ExternalStore(
                    data_source=self._data_source,
                    file_format=self._task.file_format or "",
                    path=external.path_in_data_source(
                        below(self._job.folder(batch.name), DATA_FOLDER), self._data_source, self._places(session)
                    ),
                )
                before = self._made_by(session) or self._replaced()
                if self._overwrites:
                    self._remember(before)
                    session.execute(PlainStatement(external.drop_external_table(self._name)))
                statement = external.create_external_table(self._name, columns, store)
                log.info("%s", statement)
                session.execute(PlainStatement(statement))
        except SynapseError:
            self.leave(batch)
            raise
        self._remove_others(batch.name, before)
        result = self._result(rows=manifest.rows, files=len(manifest.files))
        return {**result.to_json(), "rows_staged": manifest.rows, **facts_of(batch, manifest)}

    @property
    def _overwrites(self) -> bool:
        return self._mode == "overwrite"

    @property
    def _data_source(self) -> str:
        return self._task.data_source or ""

    def _places(self, session: Session) -> Any:  # noqa: ANN401 - rows
        return session.fetch(external.LOCATION_OF_DATA_SOURCE, self._data_source)

    def _is_there(self, session: Session) -> bool:
        return session.fetch(f"SELECT {object_id(self._name)}")[0][0] is not None

    def _made_by(self, session: Session) -> BatchName | None:
        """Return the batch whose files the table has; None where there is no such table, or it has others."""
        for (location,) in session.fetch(external.location_of_table(self._name)):
            folder = str(location).rstrip("/").split("/")[-2:-1]
            return BatchName.parse(folder[0]) if folder else None
        return None

    def _replaced(self) -> BatchName | None:
        """Return the batch whose table an earlier try has dropped, without making the one in its place."""
        kept = self._try.store.get(RECORD_KEY) or {}
        return BatchName.parse(kept["replaced"]) if kept.get("load_id") == self._try.identity.load_id else None

    def _remember(self, replaced: BatchName | None) -> None:
        """Keep whose files are to be removed: once their table is dropped, the pool does not tell."""
        if replaced:
            log.info("The files that are replaced are in %s", self._job.folder(str(replaced)))
        kept = {"load_id": self._try.identity.load_id, "replaced": str(replaced)} if replaced else {}
        self._try.store.set(RECORD_KEY, kept)

    def _remove_others(self, name: str, before: BatchName | None) -> None:
        """Remove the files of earlier batches of this task, and those of the table that was there before.

        :param name: Name of the batch whose files the table has.
        """
        try:
            for each in {*self._job.names(self._try.identity), *([before] if before else [])}:
                if str(each) != name:
                    self._job.area.remove(self._job.folder(str(each)))
        except SynapseError as error:
            log.warning("The table is made, but files of earlier ones are left below %s. %s", self._root, error)
        self._remember(None)

    def _result(self, *, rows: int | None = None, files: int | None = None, reused: bool = False) -> LoadResult:
        return LoadResult(
            table=str(self._name), label="", rows_loaded=rows, rows_rejected=0, files=files, reused=reused
        )
