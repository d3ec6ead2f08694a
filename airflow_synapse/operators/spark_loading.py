"""What a SparkToSqlPoolOperator does once its arguments are rendered. Only running tasks import it: it is slow."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from airflow_synapse.copy import ExternalLocation, ManagedIdentity, TableName
from airflow_synapse.copy.identifiers import quote
from airflow_synapse.copy.keywords import Endpoint
from airflow_synapse.exceptions import SynapseError, TableExistsError
from airflow_synapse.execution.arguments import CopyArguments
from airflow_synapse.execution.copy_load import CopyLoad
from airflow_synapse.execution.new_table import NewTable
from airflow_synapse.execution.staged_job import StagedJob
from airflow_synapse.execution.task_try import TaskTry
from airflow_synapse.hooks.sql_pool import SynapseSqlPoolHook
from airflow_synapse.load.result import LoadResult
from airflow_synapse.load.rights import MissingRight, rights_to_load
from airflow_synapse.operators.loading import complete, defer_load
from airflow_synapse.operators.spark_work import STAGING_SCRIPTS, SparkWork, facts_of, job_arguments, staging_request
from airflow_synapse.schema.create_table import build_table
from airflow_synapse.spark.job import Batch
from airflow_synapse.transfer.job_request import COMPRESSIONS, DATA_FOLDER
from airflow_synapse.transfer.lake_folder import at_endpoint, below
from airflow_synapse.transfer.manifest import Manifest
from airflow_synapse.transfer.save_mode import WriteChoice
from airflow_synapse.transfer.table_columns import with_columns

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_synapse.operators.spark_to_sql_pool import SparkToSqlPoolOperator

_NOTHING_STAGED: Final = {"rows_staged": None, **facts_of()}

log: Final = logging.getLogger(__name__)


class SparkLoading(SparkWork):
    """One execution of a SparkToSqlPoolOperator. The constructor checks the arguments, and connects to nothing.

    :param task: The operator, rendered.
    :param task_try: Who loads.
    :raises TransferOptionError: An argument is wrong.
    :raises CopyOptionError: The same, for one that COPY gets.
    :raises CredentialError: A connection does not hold the credential that is needed.
    """

    _task: SparkToSqlPoolOperator

    def __init__(self, task: SparkToSqlPoolOperator, task_try: TaskTry) -> None:
        self._choice = WriteChoice.of(task.save_mode, task.write_disposition)
        request = staging_request(task)
        arguments = job_arguments(task)
        root: ExternalLocation = arguments["root"]
        super().__init__(
            task, task_try, StagedJob(**arguments, scripts=STAGING_SCRIPTS, request=request), request(root)
        )
        # Stands for the rows, whichever batch stages them.
        rows = {name: request(root)[name] for name in ("source", "nested", "not_a_number")}
        self._origin = json.dumps(rows, sort_keys=True)
        looking_back = self._arguments(root)
        if task.deferrable:
            looking_back.to_json()  # refuses what must not be stored, before anything starts
        self._copy_load = CopyLoad(looking_back, task_try)
        self._is_loading = False
        self._hook = SynapseSqlPoolHook(task.synapse_conn_id)
        self._new_table = NewTable(TableName.parse(task.table), self._hook.session, task_try, reload=task.reload)

    def look_back(self) -> dict[str, Any] | None:
        """Return the result where there is nothing to stage: an earlier try has loaded, or the table is there.

        :raises TableExistsError: It is there, and must not be.
        :raises SynapseError: An earlier try has loaded something else, or nobody can know whether it has loaded.
        """
        if result := self._copy_load.find_result():
            self.remove_staging()
            return {**result.to_json(), **_NOTHING_STAGED}
        if not self._choice.needs_missing_table or not self._new_table.is_taken():
            return None
        if self._choice.save_mode != "ignore":
            raise TableExistsError(f"{self._new_table.message} Nothing was started.")
        log.info("%s is there, and save_mode is ignore: it stays as it is.", self._task.table)
        copy = self._copy_load.copy
        ignored = LoadResult(table=str(copy.target), label=copy.label or "", rows_loaded=0, rows_rejected=0)
        return {**ignored.to_json(), **_NOTHING_STAGED}

    def missing_pool_rights(self) -> list[MissingRight]:
        """Return which rights to load the login lacks: more where a table, or a staging table, is to be made."""
        ledger_table = self._task.ledger_table
        rights = rights_to_load(
            TableName.parse(self._task.table),
            disposition=self._choice.write_disposition,
            ledger_table=None if ledger_table is None else TableName.parse(ledger_table),
            creates_table=not self._new_table.is_there(),
        )
        return self._hook.missing_rights(rights)

    def complete(self, batch: Batch, manifest: Manifest, deadline: str | None) -> dict[str, Any]:
        """Load what a batch has staged, and remove it; a deferrable task is deferred instead.

        :raises SynapseError: The load failed; what is staged stays for the next try.
        """
        folder = self._job.folder(batch.name)
        log.info("%s rows are staged in %d files: %s", manifest.rows, len(manifest.files), folder)
        staged = {"rows_staged": manifest.rows, **facts_of(batch, manifest)}
        try:
            arguments = self._prepare(manifest, folder)
            if self._task.deferrable:
                self._defer_load(arguments, staged, deadline)
            result = self._copy_load.run()
        except SynapseError:
            self.leave(batch)
            raise
        self.remove_staging()
        return {**result.to_json(), **staged}

    def finish(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Take over what a deferred load has come to, and remove what was staged.

        :param event: What the trigger said of the load, with what is known of the batch, for the result.
        :raises SynapseError: It failed.
        """
        staged = event["staged"]
        try:
            result = complete(context, self._task.table, event)
        except SynapseError:
            self.leave(Batch(name=staged["batch"], batch_id=staged["batch_id"]))
            raise
        self.remove_staging()
        return {**result, **staged}

    def cancel(self) -> None:
        """Cancel what this task runs: the COPY, or the batch, and no other."""
        if self._is_loading:
            self._copy_load.cancel()
        else:
            super().cancel()

    def _prepare(self, manifest: Manifest, folder: ExternalLocation) -> CopyArguments:
        """Make the table where it must be new, and return what to load."""
        create_table = with_columns(self._task.create_table, manifest.columns)
        if self._choice.needs_missing_table:
            self._new_table.create(build_table(self._copy_load.copy.target, create_table))
        arguments = self._arguments(
            below(folder, DATA_FOLDER),
            columns=[
                {"name": quote(column.name), "field_number": number}
                for number, column in enumerate(manifest.columns, start=1)
            ],
            create_table=create_table,
            rows=manifest.rows,
        )
        self._copy_load = CopyLoad(arguments, self._try)
        self._task.copy_statement = self._copy_load.copy.redacted_sql()
        self._is_loading = True
        return arguments

    def _defer_load(self, arguments: CopyArguments, staged: Mapping[str, Any], deadline: str | None) -> None:
        """Give up the worker, unless the pool does not show enough for that."""
        plain = arguments.to_json()
        record = self._copy_load.hand_over()
        if record is not None:
            defer_load(
                self._task,
                plain,
                self._try,
                record,
                deadline=deadline,
                method_name="execute_loaded",
                known={"staged": staged, "copy_statement": self._task.copy_statement},
            )

    def _arguments(self, location: ExternalLocation, **known: Any) -> CopyArguments:  # noqa: ANN401 - more of them
        """Return what to load from a folder. Without what only staged files tell, it serves to look back."""
        task = self._task
        # Source: COPY reference 2026-05, CREDENTIAL: Parquet files by managed identity need the dfs endpoint.
        endpoint: Endpoint = "dfs" if isinstance(task.credential, ManagedIdentity) else "blob"
        return CopyArguments.of(
            task,
            external_locations=at_endpoint(location, endpoint).url,
            file_type="PARQUET",
            compression=COMPRESSIONS[task.compression.lower()],
            write_disposition=self._choice.write_disposition,
            origin=self._origin,
            **known,
        )
