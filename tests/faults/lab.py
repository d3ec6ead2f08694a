"""Run cases, and compare the table of each with its files."""

import uuid
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from azure.storage.blob import BlobServiceClient
from cases import NEW, OLD, Case, Row

from airflow_synapse.local.workspace import Workspace


@dataclass(frozen=True)
class Ended:
    """How a try ended: ``returned``, ``retry``, ``failed`` (for good) or ``died``."""

    how: str
    error: str = ""
    message: str = ""

    @property
    def is_unknown(self) -> bool:
        """Whether nobody can know whether the rows are in the table."""
        return self.error == "CopyOutcomeUnknownError"

    @property
    def is_final(self) -> bool:
        """Whether Airflow does not try again, and the user has nothing to mend."""
        return self.how == "returned" or self.is_unknown


class Tries(Protocol):
    """A task: the number of its latest try, and what all have logged."""

    @property
    def try_number(self) -> int: ...

    def logs(self) -> str: ...


@dataclass(frozen=True)
class Verdict:
    """What came of a case.

    :param lost: Rows of the files, or of before, that the table lacks.
    :param duplicated: Rows that the table has too often, or should not have.
    :param unknown: Whether the task failed with CopyOutcomeUnknownError.
    :param wrong: What else is not as it should be; empty for nothing.
    """

    case: Case
    lost: int
    duplicated: int
    unknown: bool
    tries: int
    wrong: str = ""
    logs: str = ""

    @property
    def is_right(self) -> bool:
        return not (self.lost or self.duplicated or self.wrong)

    def __str__(self) -> str:
        parts = [
            f"{self.lost} LOST" if self.lost else "",
            f"{self.duplicated} DOUBLED" if self.duplicated else "",
            self.wrong,
            "unknown" if self.unknown else "once",
        ]
        return next(filter(None, parts))


T = TypeVar("T", bound=Tries)


class Lab(ABC, Generic[T]):
    """A workspace in which cases are run one after the other."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._pool = workspace.sql_pool.faults
        container = f"faults-{uuid.uuid4()}"
        account = workspace.storage
        with BlobServiceClient(account.endpoint(), credential=account.key().reveal()) as client:
            files = client.create_container(container)
            for key, value in NEW:
                files.upload_blob(f"in/{key}.csv", f"{key},{value}\n".encode())
        self._files = f"https://lake.blob.core.windows.net/{container}/in/"

    def run(self, case: Case) -> Verdict:
        """Run a case on a table of its own."""
        name = f"case_{uuid.uuid4().hex}"
        self._sql(
            f"CREATE TABLE dbo.{name} (k int NOT NULL, v varchar(8) NOT NULL)\n"
            f"WITH (DISTRIBUTION = ROUND_ROBIN, {case.load.table_options})",
            *(f"INSERT INTO dbo.{name} VALUES ({key}, '{value}')" for key, value in OLD),
        )
        arguments = {
            "table": f"dbo.{name}",
            "external_locations": self._files,
            "write_disposition": case.load.disposition,
            **case.load.arguments,
        }
        task = self._task(name, arguments, deferrable=case.deferrable)
        try:
            ended = self._strike_all(task, case)
        except AssertionError as error:
            return Verdict(case, 0, 0, unknown=False, tries=task.try_number, wrong=str(error), logs=task.logs())
        finally:
            self._pool.clear()
        return self._judge(case, task, ended, [(row[0], row[1]) for row in self._sql(f"SELECT k, v FROM dbo.{name}")])

    @abstractmethod
    def _task(self, name: str, arguments: dict[str, object], *, deferrable: bool) -> T:
        """Return the task that loads; no other has its name."""

    @abstractmethod
    def _strike_all(self, task: T, case: Case) -> Ended:
        """Let every strike happen in a try of its own, then let the task go on to its end."""

    def _judge(self, case: Case, task: T, ended: Ended, rows: list[Row]) -> Verdict:
        wanted, found, wrong = Counter(case.load.rows), Counter(rows), ""
        if ended.is_unknown:
            if not case.may_be_unknown:
                wrong = "unknown, but it can be known"
            if found == Counter(OLD):
                wanted = found
        elif left := self._sql("SELECT name FROM sys.tables WHERE name LIKE 'airflow_load_%'"):
            wrong = f"{left} left behind"
            self._sql(*(f"DROP TABLE dbo.{name}" for (name,) in left))
        verdict = Verdict(
            case,
            lost=(wanted - found).total(),
            duplicated=(found - wanted).total(),
            unknown=ended.is_unknown,
            tries=task.try_number,
            wrong=wrong,
        )
        return verdict if verdict.is_right else Verdict(**{**vars(verdict), "logs": task.logs()})

    def _sql(self, *batches: str) -> list[tuple]:
        """Run batches on a session of their own; return the rows of the last one."""
        connection = self._workspace.sql_pool.connect()
        try:
            rows: list[tuple] = []
            for batch in batches:
                cursor = connection.execute(batch)
                rows = [tuple(row) for row in cursor.fetchall()] if cursor.description else []
            return rows
        finally:
            connection.close()
