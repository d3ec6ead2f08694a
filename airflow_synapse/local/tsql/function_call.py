"""What a function sees of its call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql.conversion import convert
from airflow_synapse.local.tsql.text_conversion import text_of
from airflow_synapse.local.tsql.type_rules import is_text
from airflow_synapse.local.tsql.typed import Typed


class SessionFacts(Protocol):
    """What functions may ask of the session that runs them."""

    def global_value(self, name: str) -> Typed:
        """Return ``@@name``."""

    def variable(self, name: str) -> Typed:
        """Return the variable or parameter, its name with ``@``."""

    def fact(self, name: str) -> str | int | None:
        """Return what a function without arguments tells, such as DB_NAME."""

    def object_id(self, name: str, kind: str | None) -> int | None:
        """Return the id of the object of that name, None when there is none."""

    def object_property(self, function: str, arguments: Sequence[str | int | None]) -> str | int | None:
        """Return what a metadata function such as SCHEMA_NAME(id) tells."""


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """One call of a function.

    :param name: Upper case.
    :param words: Text of each argument that is a bare word, such as a date part; None for the others.
    :param over: The OVER clause as DuckDB's text, empty where there is none.
    :param order: The ORDER BY of WITHIN GROUP as DuckDB's text, empty where there is none.
    """

    name: str
    arguments: tuple[Typed, ...]
    words: tuple[str | None, ...]
    session: SessionFacts
    over: str = ""
    order: str = ""
    distinct: bool = False
    star: bool = False

    def __getitem__(self, index: int) -> Typed:
        return self.arguments[index]

    def __len__(self) -> int:
        return len(self.arguments)

    def text(self, index: int) -> str:
        """Return the SQL of an argument as text."""
        return text_of(self.arguments[index])

    def number(self, index: int, target: SqlType) -> str:
        """Return the SQL of an argument converted to ``target``."""
        return convert(self.arguments[index], target).sql

    def literal(self, index: int) -> str:
        """Return the text of an argument that must be a literal.

        :raises PoolError: It is none.
        """
        found = self.arguments[index].literal
        if found is None:
            raise PoolError(103010, f"Argument {index + 1} of {self.name} must be a literal in the local pool.")
        return found

    def length_of(self, index: int) -> int:
        """Return how long the text of an argument can be; -1 for (max)."""
        found = self.arguments[index].type
        if found is None:
            return 1
        return (found.length or 1) if is_text(found) else 40


@dataclass(frozen=True, slots=True)
class Signature:
    """A function: how many arguments it takes, and how it is written in DuckDB's SQL.

    :param most: None for any number.
    :param words: Index of each argument that is a bare word, not an expression.
    """

    build: Callable[[FunctionCall], Typed]
    least: int = 0
    most: int | None = 0
    words: frozenset[int] = frozenset()
    aggregate: bool = False
    ranking: bool = False

    def check_count(self, name: str, count: int) -> None:
        """Check the number of arguments.

        :raises PoolError: 174, there are too few or too many.
        """
        if count < self.least or (self.most is not None and count > self.most):
            most = "any number of" if self.most is None else self.most
            needed = f"{self.least}" if self.least == self.most else f"{self.least} to {most}"
            raise PoolError(174, f"The {name.lower()} function requires {needed} argument(s).", severity=15)


Signatures = Mapping[str, Signature]
