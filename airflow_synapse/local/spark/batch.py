"""A Livy batch as Synapse tells about it: its states, their times, and its JSON.

Source: the models of the package azure-synapse-spark 0.7.0, and the REST API of Apache Livy.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

NOT_STARTED: Final = "not_started"
STARTING: Final = "starting"
RUNNING: Final = "running"
SUCCESS: Final = "success"
DEAD: Final = "dead"
KILLED: Final = "killed"
#: The result of a batch by its last state.
_RESULTS: Final = {SUCCESS: "Succeeded", DEAD: "Failed", KILLED: "Cancelled"}
_PLUGIN_STATES: Final = {NOT_STARTED: "Queued", STARTING: "Submission", RUNNING: "Monitoring"}
_LIVY_TIMES: Final = {
    "notStartedAt": NOT_STARTED,
    "startingAt": STARTING,
    "runningAt": RUNNING,
    "deadAt": DEAD,
    "successAt": SUCCESS,
    "killedAt": KILLED,
    "recoveringAt": "recovering",
}


@dataclass(slots=True)
class Batch:
    """A batch. Every method may be called from any thread.

    :param number: Its id.
    :param request: The body of the request that submitted it.
    :param workspace: Name of the workspace.
    :param pool: Name of the Spark pool.
    :param folder: Where its logs are.
    :param application_id: What Spark calls the run of its job.
    :ivar cancelled: Set when it is to stop.
    """

    number: int
    request: Mapping[str, Any]
    workspace: str
    pool: str
    folder: Path
    application_id: str
    cancelled: threading.Event = field(default_factory=threading.Event)
    _state: str = NOT_STARTED
    _times: dict[str, str] = field(default_factory=lambda: {NOT_STARTED: _now()})
    _cancelled_at: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        """Its name, which need not be unique."""
        return str(self.request["name"])

    @property
    def state(self) -> str:
        """Its state."""
        return self._state

    @property
    def ended(self) -> bool:
        """Whether it is in its last state."""
        return self._state in _RESULTS

    def move_to(self, state: str) -> bool:
        """Put it into a state; return False, and change nothing, if it has ended."""
        with self._lock:
            if self.ended:
                return False
            self._state = state
            self._times[state] = _now()
            return True

    def cancel(self) -> None:
        """Order it to stop, if it has not ended; one that waits for its turn has ended then."""
        with self._lock:
            if self.ended:
                return
            self._cancelled_at = self._cancelled_at or _now()
            self.cancelled.set()
            waits = self._state == NOT_STARTED
        if waits:
            self.move_to(KILLED)

    def log_file(self, stream: str) -> Path:
        """Return the driver's log of ``stdout`` or ``stderr``."""
        return self.folder / stream

    def as_json(self, *, detailed: bool) -> dict[str, Any]:
        """Return what the service tells about it.

        Assumption: Without ``detailed=true`` the service tells what Livy itself does: id, name, state, application id
        and log.

        Assumption: The log in the answer holds the headings of Livy's log and nothing that the driver wrote.
        """
        with self._lock:
            started = STARTING in self._times
            plain = {
                "id": self.number,
                "name": self.name,
                "state": self._state,
                "appId": self.application_id if started else None,
                "appInfo": {"driverLogUrl": None, "sparkUiUrl": None},
                "log": ["stdout: ", "\nstderr: ", "\nYARN Diagnostics: "] if started else [],
            }
            return plain | self._details() if detailed else plain

    def _details(self) -> dict[str, Any]:
        ended_at = next((time for state, time in self._times.items() if state in _RESULTS), None)
        submitted_at, starting_at = self._times[NOT_STARTED], self._times.get(STARTING)
        return {
            "workspaceName": self.workspace,
            "sparkPoolName": self.pool,
            "submitterName": "local",
            "submitterId": "00000000-0000-0000-0000-000000000000",
            "artifactId": self.request.get("artifactId"),
            "jobType": "SparkBatch",
            "result": _RESULTS.get(self._state, "Uncertain"),
            "tags": self.request.get("tags") or {},
            "errorInfo": self._errors(),
            "schedulerInfo": {
                "submittedAt": submitted_at,
                "scheduledAt": starting_at,
                "endedAt": ended_at,
                "cancellationRequestedAt": self._cancelled_at,
                "currentState": "Ended" if ended_at else "Scheduled" if starting_at else "Queued",
            },
            "pluginInfo": {
                "preparationStartedAt": submitted_at,
                "resourceAcquisitionStartedAt": submitted_at,
                "submissionStartedAt": starting_at,
                "monitoringStartedAt": self._times.get(RUNNING),
                "cleanupStartedAt": ended_at,
                "currentState": _PLUGIN_STATES.get(self._state, "Ended"),
            },
            "livyInfo": {
                **{name: self._times.get(state) for name, state in _LIVY_TIMES.items()},
                "currentState": self._state,
                "jobCreationRequest": self.request,
            },
        }

    def _errors(self) -> list[dict[str, str]]:
        if self._state != DEAD:
            return []
        place = "Monitoring" if STARTING in self._times else "Submission"
        message = (
            f"[plugins.{self.workspace}.{self.pool}.{self.number} WorkspaceType:<Synapse> CCID:<>] [{place}] "
            f"Livy Endpoint=[https://127.0.0.1]. Livy Id=[{self.number}] Job failed during run time with state=[dead]."
        )
        return [{"message": message, "errorCode": "LIVY_JOB_STATE_DEAD", "source": "Unknown"}]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
