"""A Livy batch of a Spark pool as values: what is submitted, and what the pool says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

from airflow_synapse.exceptions import CredentialError
from airflow_synapse.load.redaction import names_credential
from airflow_synapse.secret import Secret

#: State of a batch that the pool does not know any more; ours, not Livy's.
NOT_FOUND: Final = "not_found"
#: States that a batch never leaves. Source: azure-synapse-spark 0.7.0, LivyStates; Apache Livy, "REST API".
_LAST_STATES: Final = frozenset({"success", "dead", "killed", "error", NOT_FOUND})
#: The same of ``result``, which Synapse adds. Source: azure-synapse-spark 0.7.0, SparkBatchJobResultType.
_LAST_RESULTS: Final = frozenset({"Succeeded", "Failed", "Cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRequest:
    """A batch to be submitted.

    Livy shows all of it to whoever may look at the pool, so that it must hold no secret.

    :param name: Name of the batch, unique to it: :class:`~airflow_synapse.spark.run.SparkBatchRun` gives it.
    :param file: ``abfss://`` URL of the Python script.
    :param args: Its arguments.
    :param py_files: ``abfss://`` URLs of modules for its Python path.
    :param conf: Settings of Spark.
    :param driver_memory: Memory of the driver. The default, as that of the next three, is a node of size Small.
    :param driver_cores: Cores of the driver.
    :param executor_memory: Memory of an executor.
    :param executor_cores: Cores of an executor.
    :param executors: Number of executors.
    :raises CredentialError: Something of it is a secret; the message says what.
    """

    name: str
    file: str
    args: Sequence[str] = ()
    py_files: Sequence[str] = ()
    conf: Mapping[str, str] = field(default_factory=dict)
    driver_memory: str = "28g"
    driver_cores: int = 4
    executor_memory: str = "28g"
    executor_cores: int = 4
    executors: int = 2

    def __post_init__(self) -> None:
        for where, value in self.values():
            if isinstance(value, Secret):
                raise CredentialError(
                    f"{where} of the Spark batch is a Secret, which Livy would show to everybody who may see the "
                    "pool's jobs. Let the job read it from a linked service or Key Vault."
                )
        for setting in self.conf:
            if names_credential(setting):
                raise CredentialError(
                    f"conf[{setting!r}] of the Spark batch holds a credential, which Livy would show to everybody who "
                    "may see the pool's jobs. Use the identity of the workspace, or a linked service."
                )

    def values(self) -> Iterator[tuple[str, object]]:
        """Yield every value, with where it stands."""
        for name in ("name", "file"):
            yield name, getattr(self, name)
        for name in ("args", "py_files"):
            yield from ((f"{name}[{index}]", value) for index, value in enumerate(getattr(self, name)))
        yield from ((f"conf[{key!r}]", value) for key, value in self.conf.items())

    def to_json(self) -> dict[str, Any]:
        """Return the body of the request. Source: azure-synapse-spark 0.7.0, SparkBatchJobOptions."""
        return {
            "name": self.name,
            "file": self.file,
            "args": list(self.args),
            "pyFiles": list(self.py_files),
            "conf": dict(self.conf),
            "driverMemory": self.driver_memory,
            "driverCores": self.driver_cores,
            "executorMemory": self.executor_memory,
            "executorCores": self.executor_cores,
            "numExecutors": self.executors,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchError:
    """One entry of ``errorInfo``.

    :param source: Who is to blame: ``System``, ``User``, ``Dependency`` or ``Unknown``.
    """

    message: str
    code: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStatus:
    """What the pool says of a batch. It may be wrong: what the job has written counts.

    :param batch_id: Livy's number of the batch; the first one is 0.
    :param name: Name of the batch; empty where the pool leaves it out.
    :param state: Livy's state, such as ``running``.
    :param result: ``Uncertain``, ``Succeeded``, ``Failed`` or ``Cancelled``.
    :param application_id: YARN's name of the Spark application; None as long as it has not begun.
    :param scheduler_state: ``Queued``, ``Scheduled`` or ``Ended``.
    :param plugin_state: Such as ``ResourceAcquisition`` or ``Monitoring``.
    :param errors: Why Synapse thinks that it failed.
    """

    batch_id: int
    name: str
    state: str
    result: str | None = None
    application_id: str | None = None
    scheduler_state: str | None = None
    plugin_state: str | None = None
    errors: tuple[BatchError, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether the batch has ended, in whatever way."""
        return self.state in _LAST_STATES or self.result in _LAST_RESULTS

    def __str__(self) -> str:
        parts = [f"state {self.state}"]
        parts += [
            f"{name} {value}"
            for name, value in (
                ("result", self.result),
                ("scheduler", self.scheduler_state),
                ("plugin", self.plugin_state),
                ("application", self.application_id),
            )
            if value
        ]
        return f"Spark batch {self.batch_id} {self.name!r}: {', '.join(parts)}"

    @classmethod
    def from_livy(cls, body: Mapping[str, Any]) -> Self:
        """Read an answer of Livy.

        :raises KeyError: It has no ``id`` or no ``state``.
        """
        return cls(
            batch_id=int(body["id"]),
            name=body.get("name") or "",
            state=body["state"],
            result=body.get("result"),
            application_id=body.get("appId"),
            scheduler_state=(body.get("schedulerInfo") or {}).get("currentState"),
            plugin_state=(body.get("pluginInfo") or {}).get("currentState"),
            errors=tuple(
                BatchError(message=entry.get("message") or "", code=entry.get("errorCode"), source=entry.get("source"))
                for entry in body.get("errorInfo") or ()
            ),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the status as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_json` was made of."""
        return cls(**{**value, "errors": tuple(BatchError(**entry) for entry in value["errors"])})
