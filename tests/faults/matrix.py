"""Run cases in one workspace, and compare the table of each with its files."""

import itertools
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from azure.storage.blob import BlobServiceClient
from cases import AFTER_XCOM, NEW, OLD, Case, Fault, LoadKind, Moment, Row
from task import PATIENCE, Ended, Task, Try

from airflow_synapse.local.faults import COMMITTED
from airflow_synapse.local.workspace import Workspace

CONTAINER = "faults"
#: The query by which a try looks for others.
_LOOK = r"FROM sys\.dm_pdw_exec_requests\s+WHERE client_correlation_id LIKE"
_OUTLIVED = {Fault.KILL_OUTLIVED, Fault.DROP_OUTLIVED}
_STEP_SECONDS = 0.02


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


class Lab:
    """A workspace in which cases are run one after the other.

    :param folder: For logs and states.
    """

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        self._workspace = workspace
        self._pool = workspace.sql_pool.faults
        self._folder = folder
        self._numbers = itertools.count(1)
        account = workspace.storage
        with BlobServiceClient(account.endpoint(), credential=account.key().reveal()) as client:
            container = client.create_container(CONTAINER)
            for key, value in NEW:
                container.upload_blob(f"in/{key}.csv", f"{key},{value}\n".encode())

    def run(self, case: Case) -> Verdict:
        """Run a case on a table of its own."""
        name = f"case_{next(self._numbers)}"
        self._sql(
            f"CREATE TABLE dbo.{name} (k int NOT NULL, v varchar(8) NOT NULL)\n"
            f"WITH (DISTRIBUTION = ROUND_ROBIN, {case.load.table_options})",
            *(f"INSERT INTO dbo.{name} VALUES ({key}, '{value}')" for key, value in OLD),
        )
        arguments = {
            "table": f"dbo.{name}",
            "external_locations": f"https://lake.blob.core.windows.net/{CONTAINER}/in/",
            "storage_conn_id": "lake",
            "file_type": "CSV",
            "row_terminator": "0x0A",
            "write_disposition": case.load.disposition,
            "deferrable": case.deferrable,
            **case.load.arguments,
        }
        task = Task(name, self._workspace.connections(), arguments, self._folder)
        try:
            ended = self._strike_all(task, case)
        except AssertionError as error:
            return Verdict(case, 0, 0, unknown=False, tries=task.try_number, wrong=str(error), logs=task.logs())
        finally:
            self._pool.clear()
        return self._judge(case, task, ended, [(row[0], row[1]) for row in self._sql(f"SELECT k, v FROM dbo.{name}")])

    def _judge(self, case: Case, task: Task, ended: Ended, rows: list[Row]) -> Verdict:
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

    def _strike_all(self, task: Task, case: Case) -> Ended:
        """Let every strike happen in a try of its own, then let the task go on to its end."""
        ended = Ended("none")
        for moment, fault in case.strikes:
            if ended.is_unknown:
                return ended
            if ended.how == "returned":
                task.clear()  # there is no other try of a task that has succeeded
            try:
                ended = self._strike(task, case.load, moment, fault)
            finally:
                self._pool.clear()
                self._pool.resume()
        return ended if ended.is_final else task.go_on()

    def _strike(self, task: Task, load: LoadKind, moment: Moment, fault: Fault) -> Ended:
        if moment.at is None:
            return self._strike_worker(task, moment, fault)
        where = moment.statement(load)
        if fault in _OUTLIVED:
            self._pool.outlive(text=where["text"], label=where["label"])
        if fault in {Fault.DROP, Fault.DROP_OUTLIVED}:
            self._pool.drop(**where)
            return task.finish(task.start())
        hold = self._pool.hold(**where)
        if fault is Fault.FORGET:
            self._pool.drop(**where)  # once it is released
        running = task.start()
        if not self._is_held(hold, running):
            return task.finish(running)  # an earlier try has done what the statement does
        if fault is Fault.PAUSE:
            self._pool.pause()
            return task.finish(running)
        if fault is Fault.FORGET:
            self._pool.forget_requests()
            self._pool.release()
            return task.finish(running)
        return self._end_worker(task, running, fault)

    def _end_worker(self, task: Task, running: Try, fault: Fault) -> Ended:
        if fault is Fault.MARK_FAILED:
            running.terminate()
            task.clear()
        elif fault is Fault.KILL:
            running.kill()
        else:
            return self._overtake(task, running, fault)
        return Ended("died")

    def _strike_worker(self, task: Task, moment: Moment, fault: Fault) -> Ended:
        """Strike while no session is open: between the end of the load and the XCom, or behind that."""
        running = task.start()
        ended = running.ended()
        if ended.how != "returned":
            running.kill()
            return ended
        if fault is Fault.PAUSE:
            self._pool.pause()
        if moment is AFTER_XCOM:
            running.write_xcom()
            task.clear()
            return Ended("returned before the clear")
        return self._end_worker(task, running, Fault.KILL if fault is Fault.PAUSE else fault)

    def _overtake(self, task: Task, running: Try, fault: Fault) -> Ended:
        """Let the next try find the statement of this one running."""
        if fault is Fault.CLEAR:
            task.clear()
        else:
            running.kill()
        look = self._pool.hold(moment=COMMITTED, text=_LOOK)
        newer = task.start()
        self._is_held(look, newer)
        if fault is Fault.CLEAR:
            running.terminate()
        self._pool.release()
        return task.finish(newer)

    def _is_held(self, hold: int, running: Try) -> bool:
        """Wait until the pool holds a statement; False when the try ended without it."""
        for _ in range(int(PATIENCE / _STEP_SECONDS)):
            if any(fault["number"] == hold and fault["held"] for fault in self._pool.listed()):
                return True
            if running.has_told(_STEP_SECONDS):
                return False
        running.kill()
        raise AssertionError(f"A try has not come to the moment in {PATIENCE:g} s.")

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
