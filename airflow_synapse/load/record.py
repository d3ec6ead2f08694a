"""What Airflow remembers of a load between its tries: the content of one key of the task state store.

The key names the load: a task whose target is changed, and changed back, finds what it had done.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

from airflow_synapse.load.identity import Attempt


def record_key(load_id: str) -> str:
    """Return the key of the task state store."""
    return f"synapse_load_{load_id}"


class StateStore(Protocol):
    """Where a task keeps what its later tries must know."""

    def get(self, key: str) -> Any:  # noqa: ANN401 - any JSON value
        """Return what was stored; None when there is nothing."""

    def set(self, key: str, value: dict[str, Any]) -> None:
        """Store a JSON value, for as long as the DAG run is kept."""


class MemoryStore:
    """A store for this try only, where Airflow has none."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def get(self, key: str) -> Any:  # noqa: ANN401 - any JSON value
        """Return what was stored; None when there is nothing."""
        return self._values.get(key)

    def set(self, key: str, value: dict[str, Any]) -> None:
        """Store a value."""
        self._values[key] = value


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAttempt:
    """An attempt that was about to submit, and whose end was not recorded.

    :param session_id: Its session; None where the pool did not show it.
    :param login_time: When that session logged in, as the pool writes it; None where the pool did not show it.
    :param ledger: When the ledger was created that it uses; None for none.
    :param is_told: Whether the user was told that nobody can know what became of it.
    """

    attempt: Attempt
    session_id: str | None = None
    login_time: str | None = None
    ledger: str | None = None
    is_told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedBy:
    """An attempt whose rows are in the table, and what came of it."""

    attempt: Attempt
    request_id: str | None = None
    rows_loaded: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRecord:
    """What is known of a load.

    :param loaded: The latest attempt that is known to have loaded; None for none.
    :param attempts: Attempts that may have loaded, or may still.
    """

    loaded: LoadedBy | None = None
    attempts: tuple[OpenAttempt, ...] = ()

    def with_attempt(self, attempt: OpenAttempt) -> Self:
        """Return the record with one more attempt that is about to submit."""
        return replace(self, attempts=(*self.attempts, attempt))

    def keeping(self, attempts: frozenset[Attempt]) -> Self:
        """Return the record with those of its open attempts only."""
        return replace(self, attempts=tuple(each for each in self.attempts if each.attempt in attempts))

    def told(self) -> Self:
        """Return the record once the user was told of its open attempts."""
        return replace(self, attempts=tuple(replace(each, is_told=True) for each in self.attempts))

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON can hold it."""
        loaded = self.loaded and {
            "attempt": self.loaded.attempt.correlation_id,
            "request_id": self.loaded.request_id,
            "rows_loaded": self.loaded.rows_loaded,
        }
        attempts = [
            {
                "attempt": each.attempt.correlation_id,
                "session_id": each.session_id,
                "login_time": each.login_time,
                "ledger": each.ledger,
                "is_told": each.is_told,
            }
            for each in self.attempts
        ]
        return {"loaded": loaded, "attempts": attempts}

    @classmethod
    def from_json(cls, value: Any) -> Self:  # noqa: ANN401 - any JSON value
        """Read a record. What is none is left out."""
        if not isinstance(value, dict):
            return cls()
        attempts = tuple(
            OpenAttempt(
                attempt=attempt,
                session_id=entry["session_id"],
                login_time=entry["login_time"],
                ledger=entry["ledger"],
                is_told=entry["is_told"],
            )
            for entry in value["attempts"]
            if (attempt := Attempt.parse(entry["attempt"]))
        )
        entry = value["loaded"]
        loaded = (
            LoadedBy(attempt=attempt, request_id=entry["request_id"], rows_loaded=entry["rows_loaded"])
            if entry and (attempt := Attempt.parse(entry["attempt"]))
            else None
        )
        return cls(loaded=loaded, attempts=attempts)
