"""The statements of a batch, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp

from airflow_synapse.local.copy.environment import Identity
from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql.external_statements import ExternalStatement
from airflow_synapse.local.tsql.security_statements import SecurityStatement

Name = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommonTable:
    """One member of a WITH list."""

    name: str
    columns: tuple[str, ...]
    query: exp.Expression


@dataclass(frozen=True, slots=True)
class Query:
    """A SELECT with its WITH list."""

    body: exp.Expression
    common_tables: tuple[CommonTable, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """A column as CREATE TABLE declares it.

    :param default: DEFAULT constant; None where there is none.
    """

    name: str
    type: SqlType
    nullable: bool = True
    identity: Identity | None = None
    default: exp.Expression | None = None
    default_text: str | None = None


@dataclass(frozen=True, slots=True)
class KeyConstraint:
    """PRIMARY KEY NONCLUSTERED NOT ENFORCED (``kind`` PK) or UNIQUE NOT ENFORCED (``kind`` UQ)."""

    kind: str
    columns: tuple[str, ...]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Distribution:
    """Where rows go. ``policy`` is HASH, ROUND_ROBIN or REPLICATE; ``columns`` are those of HASH."""

    policy: str = "ROUND_ROBIN"
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableIndex:
    """How rows are stored. ``kind`` is CLUSTERED COLUMNSTORE, CLUSTERED or HEAP; columns with their descending flag."""

    kind: str = "CLUSTERED COLUMNSTORE"
    columns: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Partitioning:
    """PARTITION (column RANGE LEFT | RIGHT FOR VALUES (boundaries)).

    :param boundaries: As T-SQL text where a statement wrote them; of a table: in order, each as the text of its value.
    """

    column: str
    right: bool
    boundaries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableOptions:
    """The WITH clause of CREATE TABLE. ``distribution`` is None when it was not written."""

    distribution: Distribution | None = None
    index: TableIndex | None = None
    partitioning: Partitioning | None = None


@dataclass(frozen=True, slots=True)
class Select:
    """SELECT ..."""

    query: Query


@dataclass(frozen=True, slots=True)
class Insert:
    """INSERT INTO. Either ``query`` or one row of ``values``; a value of None is the keyword DEFAULT."""

    target: Name
    columns: tuple[str, ...] | None
    query: Query | None = None
    values: tuple[exp.Expression | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """UPDATE (with ``assignments``) or DELETE (without), over the rows of ``source``.

    :param target: Name of the table, or its alias in the FROM clause.
    :param source: A SELECT that carries the FROM and WHERE clauses.
    """

    target: Name
    source: exp.Select
    assignments: tuple[tuple[str, exp.Expression], ...] = ()


#: What a WHEN clause of MERGE is for.
MATCHED: Final = "MATCHED"
NOT_IN_TARGET: Final = "NOT MATCHED BY TARGET"
NOT_IN_SOURCE: Final = "NOT MATCHED BY SOURCE"


@dataclass(frozen=True, slots=True)
class MergeClause:
    """A WHEN clause: ``verb`` is INSERT, UPDATE or DELETE; the rest as :class:`Insert` and :class:`Change` have it."""

    kind: str
    verb: str
    condition: exp.Expression | None = None
    columns: tuple[str, ...] | None = None
    values: tuple[exp.Expression | None, ...] = ()
    assignments: tuple[tuple[str, exp.Expression], ...] = ()


@dataclass(frozen=True, slots=True)
class Merge:
    """MERGE. ``source`` is a SELECT that carries the one table or query of USING."""

    target: Name
    alias: str
    source: exp.Select
    condition: exp.Expression
    clauses: tuple[MergeClause, ...]


@dataclass(frozen=True, slots=True)
class Switch:
    """ALTER TABLE source SWITCH [PARTITION n] TO target [PARTITION n] [WITH (TRUNCATE_TARGET = ON | OFF)]."""

    source: Name
    source_partition: int | None
    target: Name
    target_partition: int | None
    truncate_target: bool = False


@dataclass(frozen=True, slots=True)
class ChangeBoundary:
    """ALTER TABLE table SPLIT RANGE (value) or MERGE RANGE (value); ``value`` as T-SQL text."""

    table: Name
    verb: str
    value: str


@dataclass(frozen=True, slots=True)
class RenameTable:
    """RENAME OBJECT table TO new_name."""

    table: Name
    new_name: str


@dataclass(frozen=True, slots=True)
class CreateTable:
    """CREATE TABLE with declared columns."""

    name: Name
    columns: tuple[ColumnDefinition, ...]
    constraints: tuple[KeyConstraint, ...] = ()
    options: TableOptions = field(default_factory=TableOptions)


@dataclass(frozen=True, slots=True)
class CreateTableAsSelect:
    """CREATE TABLE AS SELECT."""

    name: Name
    column_names: tuple[str, ...]
    options: TableOptions
    query: Query


@dataclass(frozen=True, slots=True)
class DropTable:
    """DROP TABLE [IF EXISTS]."""

    names: tuple[Name, ...]
    if_exists: bool


@dataclass(frozen=True, slots=True)
class TruncateTable:
    """TRUNCATE TABLE."""

    name: Name


@dataclass(frozen=True, slots=True)
class CreateSchema:
    """CREATE SCHEMA."""

    name: str


@dataclass(frozen=True, slots=True)
class DropSchema:
    """DROP SCHEMA [IF EXISTS]."""

    name: str
    if_exists: bool


@dataclass(frozen=True, slots=True)
class CreateStatistics:
    """CREATE STATISTICS."""

    name: str
    table: Name
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UpdateStatistics:
    """UPDATE STATISTICS of a table, or of some of its statistics."""

    table: Name
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DropStatistics:
    """DROP STATISTICS [schema.]table.name."""

    name: Name


@dataclass(frozen=True, slots=True)
class Transaction:
    """BEGIN TRANSACTION, COMMIT or ROLLBACK, by its first word."""

    verb: str


@dataclass(frozen=True, slots=True)
class Declare:
    """DECLARE of one or more variables, each with its type and perhaps a value."""

    variables: tuple[tuple[str, SqlType, Query | None], ...]


@dataclass(frozen=True, slots=True)
class SetVariable:
    """SET @name = expression."""

    name: str
    value: Query


@dataclass(frozen=True, slots=True)
class SetOption:
    """SET of a session option, checked; ``value`` in upper case. ``table`` is that of IDENTITY_INSERT."""

    name: str
    value: str
    table: Name = ()


@dataclass(frozen=True, slots=True)
class Print:
    """PRINT expression."""

    value: Query


@dataclass(frozen=True, slots=True)
class Kill:
    """KILL 'SIDn'."""

    session_id: str


@dataclass(frozen=True, slots=True)
class Execute:
    """A procedure call; arguments with their name, empty when given by position."""

    procedure: str
    arguments: tuple[tuple[str, Query], ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """COPY INTO; the request is parsed by its own grammar."""

    request: object


@dataclass(frozen=True, slots=True)
class If:
    """IF condition statement [ELSE statement]; ``condition`` selects 1 or 0."""

    condition: Query
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...] = ()


Body = (
    Select | Insert | Change | CreateTable | CreateTableAsSelect | DropTable | TruncateTable | CreateSchema | DropSchema
    | CreateStatistics | UpdateStatistics | DropStatistics | Transaction | Declare
    | SetVariable | SetOption | Print | Kill | Execute | Copy | If | Merge | Switch | ChangeBoundary | RenameTable
    | ExternalStatement | SecurityStatement
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a batch.

    :param text: As written, secrets included: redact it before it goes anywhere.
    :param label: OPTION (LABEL = ...).
    """

    body: Body
    text: str
    label: str | None = None
