"""A load, as it is given to be run, and what came of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from airflow_synapse.copy.statement import CopyStatement
from airflow_synapse.load.disposition import LoadOptions
from airflow_synapse.load.identity import Attempt, LoadIdentity, new_process
from airflow_synapse.load.plan import fingerprint
from airflow_synapse.load.record import LoadRecord, StateStore, record_key
from airflow_synapse.load.submission import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is to be loaded, how, and who asks.

    :param copy: The statement, with its label.
    :param options: What becomes of the rows that are there.
    :param identity: Whose load it is.
    :param try_number: Airflow's number of this try.
    :param store: Where Airflow keeps what later tries must know.
    :param has_store: Whether ``store`` outlives this try, and remembers every earlier one.
    :param before: What to do in the session once it is decided to submit, and before anything is planned.
    :param process: Stands for the process that loads, from :func:`~airflow_synapse.load.identity.new_process`.
    :param first_number: Number of the first attempt; 2 where :func:`hand_over` has made the first.
    :param copy_of: Returns the statement of an attempt, where it differs from ``copy``: in its label or ERRORFILE.
    :param inspect: Looks at what the COPY of a staged load has come to, once the staging table holds its rows (whose
        number it is told) and before anything is published; it raises to leave the table as it is.
    :param origin: What the files were made of, where they were made for this load: a later try makes others, and is
        the same load.
    :param is_empty: Whether there is no row to load: then all is done but COPY.
    """

    copy: CopyStatement
    options: LoadOptions
    identity: LoadIdentity
    try_number: int
    store: StateStore
    has_store: bool
    process: str = field(default_factory=new_process)
    before: Callable[[Session], None] | None = None
    first_number: int = 1
    copy_of: Callable[[Attempt], CopyStatement] | None = None
    inspect: Callable[[CopyStatement, int], None] | None = None
    origin: str | None = None
    is_empty: bool = False

    def stored(self) -> LoadRecord:
        """Return what is remembered."""
        return LoadRecord.from_json(self.store.get(record_key(self.identity.load_id)))

    def keep(self, record: LoadRecord) -> None:
        """Remember a record."""
        self.store.set(record_key(self.identity.load_id), record.to_json())

    def attempt(self, number: int) -> Attempt:
        """Return a new attempt, the ``number``-th of this try."""
        return Attempt(
            load_id=self.identity.load_id,
            clear_number=self.identity.clear_number,
            try_number=self.try_number,
            number=number,
            token=self.process + secrets.token_hex(2),
            fingerprint=fingerprint(self.options, self.copy, self.origin),
            path=self.options.path,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOutcome:
    """What is known of a load that succeeded.

    :param attempt: The attempt that loaded; an earlier one where its result is taken.
    :param request_id: Request of its COPY; None where it is not known.
    :param rows_loaded: Rows that COPY wrote; None where they are not known.
    :param seconds: Time of the statements; None where an earlier try ran them.
    :param reused: Whether the rows were loaded before the task was cleared, and not again.
    """

    attempt: Attempt
    request_id: str | None
    rows_loaded: int | None
    seconds: float | None = None
    reused: bool = False
