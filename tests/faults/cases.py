"""The cases of the fault matrix: which load, at which moment, what goes wrong, and what must come of it.

The table of every case holds the rows ``OLD`` before it; the files hold the rows ``NEW``.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from airflow_synapse.load.request import BEGIN_LABEL
from airflow_synapse.local.faults import BEFORE, COMMITTED, RUNNING

Row = tuple[int, str]

NEW: tuple[Row, ...] = ((1, "new"), (2, "new"), (4, "new"))
#: Two rows with keys below 5, as all new rows have, one of them a key of a new row; and one beside them.
OLD: tuple[Row, ...] = ((1, "old"), (3, "old"), (9, "beside"))
_BESIDE = OLD[2:]
_LEDGER = "dbo.load_ledger"


class Shape(StrEnum):
    """How the rows of a load reach the table."""

    DIRECT = "COPY"
    INSERTED = "transaction"
    SWITCHED = "SWITCH"


@dataclass(frozen=True)
class LoadKind:
    """A write disposition, with or without a ledger."""

    disposition: str
    #: The rows of the table once the load was done, once.
    rows: tuple[Row, ...]
    shape: Shape
    arguments: dict[str, object] = field(default_factory=dict, hash=False)
    ledger: bool = False
    #: WITH clause of its table, beside the distribution.
    table_options: str = "HEAP"

    @property
    def name(self) -> str:
        return self.disposition + (" with ledger" if self.ledger else "")

    @property
    def is_certain(self) -> bool:
        """Whether the load can always be told from one that was not done, or can be repeated."""
        return self.disposition != "append" or self.ledger


def _loads() -> Iterator[LoadKind]:
    partitioned = "HEAP, PARTITION (k RANGE RIGHT FOR VALUES (5))"
    for ledger in (False, True):
        arguments: dict[str, object] = {"ledger_table": _LEDGER} if ledger else {}
        staged = Shape.INSERTED if ledger else Shape.DIRECT
        yield LoadKind("append", OLD + NEW, staged, arguments, ledger)
        yield LoadKind("truncate", NEW, Shape.DIRECT, arguments, ledger)
        yield LoadKind("replace", NEW, Shape.SWITCHED, arguments, ledger, "HEAP" if ledger else partitioned)
        slice_ = {"slice_predicate": "k < 5"}
        yield LoadKind("replace_slice", NEW + _BESIDE, Shape.INSERTED, arguments | slice_, ledger)
        values = {"partition_values": ["1"]}
        yield LoadKind("replace_partition", NEW + _BESIDE, Shape.SWITCHED, arguments | values, ledger, partitioned)
        yield LoadKind("upsert", NEW + OLD[1:], Shape.INSERTED, arguments | {"upsert_keys": ["k"]}, ledger)


LOADS = tuple(_loads())


@dataclass(frozen=True)
class Moment:
    """A moment of a load: of a statement, or of the worker where ``at`` is None.

    :param at: Moment of the statement, as the pool's faults call it.
    :param text: Pattern of the statement by shape of the load; a shape that is missing has no such moment.
    :param label: Label of the statement instead.
    """

    name: str
    at: str | None = None
    text: dict[Shape, str] = field(default_factory=dict, hash=False)
    label: str | None = None
    ledger_only: bool = False

    def is_of(self, load: LoadKind) -> bool:
        if self.ledger_only and not load.ledger:
            return False
        return self.at is None or self.label is not None or load.shape in self.text

    def statement(self, load: LoadKind) -> dict[str, str | None]:
        """Return the arguments of a fault for this moment."""
        return {"moment": self.at, "text": self.text.get(load.shape), "label": self.label}


_COPY = dict.fromkeys(Shape, r"^COPY INTO")
_SWITCH = r"^ALTER TABLE \S+ SWITCH"
_MARK = r"^UPDATE \[dbo\]\.\[load_ledger\] SET loaded_at = GETUTCDATE"

BEFORE_RECORD = Moment("before the record", COMMITTED, label=BEGIN_LABEL)
BEFORE_XCOM = Moment("before the XCom")
AFTER_XCOM = Moment("after the XCom")
MOMENTS = (
    BEFORE_RECORD,
    Moment("before submission", BEFORE, _COPY),
    Moment("while COPY runs", RUNNING, _COPY),
    Moment("after commit, before the answer", COMMITTED, _COPY),
    Moment("before the staging publish", BEFORE, {Shape.INSERTED: "^BEGIN TRAN", Shape.SWITCHED: _SWITCH}),
    Moment(
        "in the publish transaction",
        RUNNING,
        {Shape.INSERTED: r"^INSERT INTO \[dbo\]\.\[case_", Shape.SWITCHED: _SWITCH},
    ),
    Moment("before the ledger is marked", BEFORE, dict.fromkeys(Shape, _MARK), ledger_only=True),
    Moment("at the COMMIT of the publish", RUNNING, {Shape.INSERTED: "^COMMIT"}),
    Moment("after the publish, before the answer", COMMITTED, {Shape.INSERTED: "^COMMIT", Shape.SWITCHED: _SWITCH}),
    BEFORE_XCOM,
    AFTER_XCOM,
)


class Fault(StrEnum):
    """What goes wrong at a moment."""

    KILL = "SIGKILL"
    KILL_OUTLIVED = "SIGKILL, the statement goes on"
    DROP = "link drops"
    DROP_OUTLIVED = "link drops, the statement goes on"
    PAUSE = "pool paused"
    FORGET = "link drops, DMVs emptied"
    MARK_FAILED = "marked failed, then cleared"
    CLEAR = "cleared, the new try starts first"


#: Pairs that cannot differ from another, and why. The other one is run.
SAME = {
    "link drops before the XCom": "no session is open: nothing happens",
    "link drops after the XCom": "no session is open: nothing happens",
    "SIGKILL after the XCom": "no process is there: nothing happens",
    "marked failed after the XCom": "then cleared: the same as a clear",
    "the statement goes on": "only where one runs; elsewhere the same as without",
    "link drops, pool paused in a real Airflow": "the same to the operator in any process",
}


@dataclass(frozen=True)
class Case:
    """One case of the matrix: strikes at moments of consecutive tries of one load."""

    load: LoadKind
    strikes: tuple[tuple[Moment, Fault], ...]
    deferrable: bool = False

    @property
    def form(self) -> str:
        return self.load.name + (", deferrable" if self.deferrable else "")

    def __str__(self) -> str:
        return f"{self.form}: " + "; ".join(f"{moment.name}, {fault}" for moment, fault in self.strikes)

    @property
    def may_be_unknown(self) -> bool:
        """Whether nobody can know, after a strike, whether the rows are there.

        So it is for rows that are added without a ledger, when the views of a pool that had been sent COPY, or was
        about to be, were emptied.
        """
        return not self.load.is_certain and any(
            fault in {Fault.PAUSE, Fault.FORGET} and moment.at is not None and moment is not BEFORE_RECORD
            for moment, fault in self.strikes
        )


def _can_strike(moment: Moment, fault: Fault) -> bool:
    if moment is AFTER_XCOM:
        return fault in {Fault.PAUSE, Fault.CLEAR}
    if fault in {Fault.KILL_OUTLIVED, Fault.DROP_OUTLIVED}:
        return moment.at == RUNNING
    return moment is not BEFORE_XCOM or fault not in {Fault.DROP, Fault.FORGET}


def pairs(load: LoadKind) -> list[tuple[Moment, Fault]]:
    """Return every moment of a load with every fault that makes a difference there."""
    return [
        (moment, fault) for moment in MOMENTS if moment.is_of(load) for fault in Fault if _can_strike(moment, fault)
    ]


def matrix() -> list[Case]:
    """Return every load with every moment and fault."""
    return [Case(load, (pair,), deferrable) for deferrable in (False, True) for load in LOADS for pair in pairs(load)]


def random_cases(count: int, seed: int) -> list[Case]:
    """Return loads with two or three strikes each, one a try."""
    chance = random.Random(seed)
    found = []
    for _ in range(count):
        load = chance.choice(LOADS)
        found.append(Case(load, tuple(chance.choices(pairs(load), k=chance.choice((2, 3)))), chance.random() < 0.5))
    return found
