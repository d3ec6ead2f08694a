"""Cases in processes that stand for Airflow's workers and its triggerer."""

from pathlib import Path

from cases import AFTER_XCOM, Case, Fault, LoadKind, Moment
from lab import Ended, Lab
from task import PATIENCE, Task, Try

from airflow_synapse.local.faults import COMMITTED
from airflow_synapse.local.workspace import Workspace

#: The query by which a try looks for others.
_LOOK = r"FROM sys\.dm_pdw_exec_requests\s+WHERE client_correlation_id LIKE"
_OUTLIVED = {Fault.KILL_OUTLIVED, Fault.DROP_OUTLIVED}
_STEP_SECONDS = 0.02


class ProcessLab(Lab[Task]):
    """A workspace in which cases are run one after the other.

    :param folder: For logs and states.
    """

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        super().__init__(workspace)
        self._folder = folder

    def _task(self, name: str, arguments: dict[str, object], *, deferrable: bool) -> Task:
        options = {"storage_conn_id": "lake", "file_type": "CSV", "row_terminator": "0x0A", "deferrable": deferrable}
        return Task(name, self._workspace.connections(), {**arguments, **options}, self._folder)

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
