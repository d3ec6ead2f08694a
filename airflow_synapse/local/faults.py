"""Faults: what the local pool is told to do wrong, so that a client can prove that it copes.

A fault waits for a statement that fits it, acts at a named moment of it, and is gone once it has acted as often as it
was told to. The moments of a statement:

``before``
    The pool has not looked at the statement; no request of it exists.
``running``
    Its work is done, nothing of it is committed; its request is ``Running``. COMMIT itself has this moment too.
``committed``
    It is committed and its request ``Completed``; the client has no answer.
"""

from __future__ import annotations

import fnmatch
import itertools
import re
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import ClassVar, Final, Protocol

from airflow_synapse.local.errors import StatementCancelled

BEFORE: Final = "before"
RUNNING: Final = "running"
COMMITTED: Final = "committed"
MOMENTS: Final = (BEFORE, RUNNING, COMMITTED)
#: What a fault does. ``drop``: break the client's connection; the statement, if it is not committed, is rolled back.
#: ``delay``: take that many seconds more. ``hold``: wait until released. ``outlive``: go on when the client is gone,
#: also after a ``drop``, where a statement is cancelled otherwise.
ACTIONS: Final = ("drop", "delay", "hold", "outlive")
_STEP_SECONDS: Final = 0.02


@dataclass(slots=True)
class Fault:
    """A fault that waits for a statement.

    :param action: One of :data:`ACTIONS`.
    :param moment: One of :data:`MOMENTS`.
    :param label: The statement's label, with ``*`` and ``?`` as wildcards; None for any statement, labelled or not.
    :param text: Regular expression that is found in the statement, whatever the case; None for any.
    :param seconds: Of ``delay``.
    :param times: How many statements it is for.
    :param number: What the fault is called; given by :meth:`Faults.add`.
    :param held: How many statements it holds now.
    """

    action: str
    moment: str = RUNNING
    label: str | None = None
    text: str | None = None
    seconds: float = 0.0
    times: int = 1
    number: int = 0
    held: int = 0

    actions: ClassVar[tuple[str, ...]] = ACTIONS
    moments: ClassVar[tuple[str, ...]] = MOMENTS

    def __post_init__(self) -> None:
        if self.action not in self.actions:
            raise ValueError(f"A fault's action is one of {', '.join(self.actions)}, not {self.action!r}.")
        if self.moment not in self.moments:
            raise ValueError(f"A fault's moment is one of {', '.join(self.moments)}, not {self.moment!r}.")
        if self.times < 1 or self.seconds < 0:
            raise ValueError("A fault needs times >= 1 and seconds >= 0.")
        try:
            re.compile(self.text or "")
        except re.error as error:
            raise ValueError(f"A fault's text is a regular expression, and {self.text!r} is none: {error}.") from None

    def fits(self, moment: str, text: str, label: str | None) -> bool:
        """Return whether the fault is for that moment of that statement."""
        return (
            moment == self.moment
            and (self.label is None or (label is not None and fnmatch.fnmatchcase(label, self.label)))
            and (self.text is None or re.search(self.text, text, re.IGNORECASE) is not None)
        )


class Faults:
    """The faults of a server. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._waiting: list[Fault] = []
        self._holding: dict[int, tuple[Fault, threading.Event]] = {}

    def add(self, fault: Fault) -> int:
        """Add a fault and return its number."""
        with self._lock:
            fault.number = next(self._numbers)
            self._waiting.append(fault)
            return fault.number

    def listed(self) -> list[dict[str, object]]:
        """Return the faults that wait for a statement or hold one."""
        with self._lock:
            known = {fault.number: fault for fault in self._waiting}
            known.update({number: fault for number, (fault, _) in self._holding.items()})
            return [asdict(known[number]) for number in sorted(known)]

    def clear(self) -> None:
        """Remove every fault and release what is held."""
        with self._lock:
            self._waiting.clear()
        self.release()

    def release(self, number: int | None = None) -> int:
        """Let the statements go on that a fault holds, or those that any holds; return how many."""
        with self._lock:
            found = [held for key, held in self._holding.items() if number in {None, key}]
            for _, released in found:
                released.set()
            return sum(fault.held for fault, _ in found)

    def take(self, moment: str, text: str, label: str | None) -> list[Fault]:
        """Return the faults for that moment of that statement, oldest first; one time of each is used."""
        with self._lock:
            found = [fault for fault in self._waiting if fault.fits(moment, text, label)]
            for fault in found:
                fault.times -= 1
            self._waiting = [fault for fault in self._waiting if fault.times > 0]
            return found

    def expects(self, action: str, moment: str, text: str, label: str | None) -> bool:
        """Return whether a fault of that action waits for that moment of that statement."""
        with self._lock:
            return any(fault.action == action and fault.fits(moment, text, label) for fault in self._waiting)

    def hold(self, fault: Fault, cancelled: threading.Event) -> None:
        """Wait until the fault is released or ``cancelled`` is set."""
        with self._lock:
            _, released = self._holding.setdefault(fault.number, (fault, threading.Event()))
            fault.held += 1
        while not released.wait(_STEP_SECONDS) and not cancelled.is_set():
            pass
        with self._lock:
            fault.held -= 1
            if fault.held == 0:
                self._holding.pop(fault.number, None)


class Link(Protocol):
    """What a fault can do to a session."""

    outlives_client: bool

    def drop_link(self) -> None:
        """Break the connection of the client."""


@dataclass(slots=True)
class StatementFaults:
    """The faults of one statement of one session.

    :param text: The statement, secrets redacted.
    :param cancelled: Set when the statement is to stop.
    """

    faults: Faults
    link: Link
    cancelled: threading.Event
    text: str
    label: str | None = None
    _reached: set[str] = field(default_factory=set)

    def reach(self, moment: str, show: Callable[[float], None] | None = None) -> None:
        """Act as the faults of this moment say; a moment is reached once.

        :param show: Takes how far a delay is, from 0 to 1, to show it as progress.
        :raises StatementCancelled: The statement was cancelled here, or lost its client.
        """
        if moment in self._reached:
            return
        self._reached.add(moment)
        for fault in self.faults.take(moment, self.text, self.label):
            if fault.action == "outlive":
                self.link.outlives_client = True
            elif fault.action == "delay":
                self._delay(fault.seconds, show)
            elif fault.action == "hold":
                self.faults.hold(fault, self.cancelled)
            else:
                self.link.drop_link()
                if not self.link.outlives_client:
                    self.cancelled.set()
            if self.cancelled.is_set() and moment != COMMITTED:
                raise StatementCancelled

    def will_delay(self, moment: str) -> bool:
        """Return whether a delay waits for this moment."""
        return moment not in self._reached and self.faults.expects("delay", moment, self.text, self.label)

    def _delay(self, seconds: float, show: Callable[[float], None] | None) -> None:
        start = time.monotonic()
        while (elapsed := time.monotonic() - start) < seconds and not self.cancelled.wait(_STEP_SECONDS):
            if show is not None:
                show(elapsed / seconds)
