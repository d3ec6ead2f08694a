"""What operators between a Spark pool and a SQL pool have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_synapse.links import SparkApplicationLink
from airflow_synapse.operators.state_store import RememberedOperator
from airflow_synapse.seconds import parse_interval
from airflow_synapse.version_compat import conf

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_synapse.operators.spark_work import SparkWork


class SparkTransferOperator(RememberedOperator):
    """Base of the operators that run a job of this package on a Spark pool.

    The job runs as a Livy batch. Each batch works in a folder of its own below ``staging_folder``, and ends with a
    manifest, without which nothing that Livy says counts as success. A retry waits for the batch that runs, or takes
    what a batch has done.

    :param staging_folder: Folder for the files between the pools, such as
        ``abfss://staging@lake.dfs.core.windows.net/airflow``. Spark's identity must be able to read and write there,
        and ``storage_conn_id`` to write and delete. (templated)
    :param storage_conn_id: Connection of type ``wasb`` or ``adls`` for the storage account of ``staging_folder``.
        (templated)
    :param synapse_conn_id: Connection of type ``azure_synapse_sql_pool``. The SQL pool may be of another workspace, or
        of none, and its login may be one by password: Airflow uses it, and not Spark. (templated)
    :param spark_conn_id: Connection of type ``azure_synapse``, that of the Azure provider; see
        :class:`~airflow_synapse.hooks.spark_pool.SynapseSparkPoolHook`. (templated)
    :param spark_pool: Name of the Spark pool. Default: the extra ``spark_pool`` of the connection. (templated)
    :param driver_memory: Memory of Spark's driver, such as ``28g``. (templated)
    :param driver_cores: Cores of the driver.
    :param executor_memory: Memory of each executor. (templated)
    :param executor_cores: Cores of each executor.
    :param executors: Number of executors.
    :param spark_conf: Settings of Spark; everybody who may see the pool's jobs sees them. (templated)
    :param job_folder: Folder, as an ``abfss://`` URL, where somebody has put the scripts of
        ``airflow_synapse/transfer/job``. Default: they are uploaded to the folder of each batch. (templated)
    :param check_access: Whether to ask, before Spark starts, for the rights that the work needs: of the login in the
        pool, and of ``storage_conn_id`` in ``staging_folder``. Those of Spark and of the pool itself in the storage
        account cannot be asked for.
    :param poll_interval: Seconds between two looks at the batch.
    :param deferrable: Whether to give up the worker while it waits. Default: ``[operators] default_deferrable``.
    :param cancel_on_kill: Whether to cancel what runs when a user clears or marks the task while it is deferred, which
        Airflow tells since 3.3. Otherwise it goes on, and a new try waits for it or ends it.
    :raises CopyOptionError: ``poll_interval`` is no number of seconds above 0.
    """

    template_fields: Sequence[str] = (
        "staging_folder",
        "storage_conn_id",
        "synapse_conn_id",
        "spark_conn_id",
        "spark_pool",
        "driver_memory",
        "executor_memory",
        "spark_conf",
        "job_folder",
    )
    operator_extra_links = (SparkApplicationLink(),)
    ui_color = "#f7dfcf"

    def __init__(
        self,
        *,
        staging_folder: str,
        storage_conn_id: str,
        synapse_conn_id: str = "synapse_default",
        spark_conn_id: str = "azure_synapse_default",
        spark_pool: str | None = None,
        driver_memory: str = "28g",
        driver_cores: int = 4,
        executor_memory: str = "28g",
        executor_cores: int = 4,
        executors: int = 2,
        spark_conf: Mapping[str, str] | None = None,
        job_folder: str | None = None,
        check_access: bool = True,
        poll_interval: float = 10.0,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        cancel_on_kill: bool = True,
        **kwargs: Any,  # noqa: ANN401 - the arguments of every operator
    ) -> None:
        super().__init__(**kwargs)
        self.staging_folder = staging_folder
        self.storage_conn_id = storage_conn_id
        self.synapse_conn_id = synapse_conn_id
        self.spark_conn_id = spark_conn_id
        self.spark_pool = spark_pool
        self.driver_memory = driver_memory
        self.driver_cores = driver_cores
        self.executor_memory = executor_memory
        self.executor_cores = executor_cores
        self.executors = executors
        self.spark_conf = spark_conf
        self.job_folder = job_folder
        self.check_access = check_access
        self.poll_interval = parse_interval("poll_interval", poll_interval)
        self.deferrable = deferrable
        self.cancel_on_kill = cancel_on_kill
        #: Page of the batch in Synapse Studio; None as long as it is not known.
        self.spark_application_url: str | None = None
        #: What runs in this process.
        self.work: SparkWork | None = None

    def execute(self, context: Context) -> dict[str, Any]:
        """Do the work, or as much of it as needs a worker.

        :return: What the class says.
        :raises AirflowFailException: An error that no retry can mend; it says what to do.
        :raises SynapseError: An error that may pass.
        """
        return self._answering(context, lambda: self._begin(context).begin())

    def execute_after_batch(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Go on when the batch is over that the task was deferred for.

        :param event: What the trigger said.
        :raises AirflowFailException: As :meth:`execute`.
        :raises SynapseError: As :meth:`execute`.
        """
        return self._answering(context, lambda: self._begin(context).go_on(event))

    def on_kill(self) -> None:
        """Cancel the batch of this very task, or the statement that runs, and no other."""
        if self.work:
            self.work.cancel()

    def _work(self, context: Context) -> SparkWork:
        """Return what there is to do; the arguments are checked, and nothing is connected."""
        raise NotImplementedError

    def _begin(self, context: Context) -> SparkWork:
        self.work = self._work(context)
        return self.work

    def _answering(self, context: Context, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        from airflow_synapse.operators.loading import tell_assets  # noqa: PLC0415 - slow to import
        from airflow_synapse.operators.outcome import or_fail  # noqa: PLC0415 - slow to import

        try:
            result = or_fail(work)
        finally:
            if self.spark_application_url:  # for as long as the task is deferred, and where it failed
                context["ti"].xcom_push(key=SparkApplicationLink().xcom_key, value=self.spark_application_url)
        tell_assets(self, context, result)
        return result
