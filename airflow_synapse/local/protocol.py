"""What the TDS server and the SQL engine say to each other.

The server decodes requests and encodes outcomes; the engine knows no packet. A session is used by one worker thread at
a time; only :meth:`Session.cancel` may come from another thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from airflow_synapse.local.sql_types import SqlType


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """What a client says of itself when it logs in. Exactly one of ``password`` and ``access_token`` is given."""

    user: str
    password: str | None
    access_token: str | None
    database: str
    application: str
    host: str
    library: str

    def __repr__(self) -> str:
        return f"LoginRequest(user={self.user!r}, database={self.database!r}, application={self.application!r})"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a statement or procedure call.

    :param name: With its ``@``; empty when given by position.
    :param value: ``None``, ``bool``, ``int``, ``float``, ``Decimal``, ``str``, ``bytes``, ``date``, ``time``,
        ``datetime`` (aware for ``datetimeoffset``) or ``UUID``.
    """

    name: str
    type: SqlType
    value: object


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """One column of a result set."""

    name: str
    type: SqlType
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Rows:
    """A result set. ``batches`` is read once, lazily; the Arrow type of each column fits its ``SqlType``."""

    columns: tuple[ResultColumn, ...]
    batches: Iterator[pa.RecordBatch]


@dataclass(frozen=True, slots=True)
class Done:
    """A statement that ended without rows; ``count`` is the number of rows it touched, None where there is none."""

    count: int | None = None


@dataclass(frozen=True, slots=True)
class Information:
    """A message that is no error, such as that of PRINT."""

    number: int
    text: str


Outcome = Rows | Done | Information


class Session(Protocol):
    """One logged-in connection to the pool.

    Every method but ``cancel`` and ``close`` may raise :class:`~airflow_synapse.local.errors.PoolError` or
    :class:`~airflow_synapse.local.errors.StatementCancelled`, also while its iterator or a batch iterator is read.
    """

    @property
    def database(self) -> str:
        """Name of the database."""

    @property
    def spid(self) -> int:
        """Number of the session, as packet headers carry it."""

    @property
    def in_transaction(self) -> bool:
        """Whether a user transaction is open (``@@TRANCOUNT`` > 0)."""

    @property
    def outlives_client(self) -> bool:
        """Whether the running statement goes on when the client is gone."""

    def attach(self, drop_link: Callable[[], None]) -> None:
        """Take what breaks the connection of the client: callable from any thread, returns at once."""

    def execute(self, text: str, parameters: Sequence[Parameter] = ()) -> Iterator[Outcome]:
        """Run a batch, a statement after the other; one outcome a statement."""

    def execute_many(self, text: str, rows: Sequence[Sequence[Parameter]]) -> bool:
        """Run one statement once for each row of parameters, all at once, if that makes no difference to the client.

        :return: Whether it was done, each row having touched one row of a table. If not, nothing has happened, and the
            rows are to be executed one by one.
        """

    def call(self, procedure: str, parameters: Sequence[Parameter]) -> Iterator[Outcome]:
        """Call a stored procedure by name (``sp_tables``, ``sp_columns_100`` ...)."""

    def describe_parameters(self, text: str) -> Sequence[tuple[str, SqlType]]:
        """Name, with its ``@``, and suggested type of each variable that ``text`` uses and does not declare.

        In the order of their first use; the server makes the answer of ``sp_describe_undeclared_parameters`` of it.
        """

    def begin(self) -> None:
        """Open a user transaction."""

    def commit(self) -> None:
        """Commit the user transaction."""

    def rollback(self) -> None:
        """Roll the user transaction back."""

    def cancel(self) -> None:
        """Ask the running statement to stop. Called from another thread, perhaps often; returns at once.

        A call that comes just before a statement starts or just after one ends has no effect on a later statement: the
        server repeats it until the statement that it means has ended.
        """

    def reset(self) -> None:
        """Go back to the state after the login, as a client's connection pool asks before it reuses a connection.

        Rolls back, drops temporary tables and forgets SET options.
        """

    def close(self) -> None:
        """End the session: roll back what is open and drop its temporary tables."""


class Login(Protocol):
    """Opens a session or refuses the login with a :class:`~airflow_synapse.local.errors.PoolError`."""

    def __call__(self, request: LoginRequest) -> Session:
        """Return the new session."""
