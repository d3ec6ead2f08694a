"""Names of tables and columns: read them as T-SQL writes them, and put them in brackets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from airflow_synapse.copy.literals import holds_template
from airflow_synapse.copy.rules import read_text, refuse, show

#: A part of a name: in brackets, in double quotes, or bare by the rules for regular identifiers.
_PART: Final = re.compile(r'\[((?:[^\]]|\]\])+)\]|"((?:[^"]|"")+)"|((?:[^\W\d]|#{1,2})[\w@$#]*)')


def quote(name: str) -> str:
    """Return ``name`` in brackets, whatever characters it has.

    >>> quote("odd]name")
    '[odd]]name]'
    """
    return "[" + name.replace("]", "]]") + "]"


def read_name(text: str, option: str) -> tuple[str, ...]:
    """Return the parts of a dotted name, without their brackets or quotes.

    :param option: The T-SQL clause that the name stands in, for the error.
    :raises CopyOptionError: Rules ``name-syntax``, ``template``, ``text``.

    >>> read_name('dbo.[odd]].name]', "INTO")
    ('dbo', 'odd].name')
    """
    if holds_template(read_text(text, option)):
        raise refuse("template", shown=show(text), option=option)
    parts: list[str] = []
    position = 0
    while match := _PART.match(text, position):
        parts.append(_unquoted(match))
        position = match.end()
        if position == len(text):
            return tuple(parts)
        if text[position] != ".":
            break
        position += 1
    raise refuse("name-syntax", shown=show(text), option=option)


def _unquoted(part: re.Match[str]) -> str:
    bracketed, quoted, bare = part.groups()
    if bracketed is not None:
        return str(bracketed).replace("]]", "]")
    return str(bare) if quoted is None else str(quoted).replace('""', '"')


@dataclass(frozen=True, slots=True, kw_only=True)
class TableName:
    """Name of the table that COPY loads.

    :param name: The table; a leading ``#`` makes it a temporary table of the session.
    :param schema: Its schema. Left out, the default schema of the login: COPY is cancelled when the table is elsewhere.
    :param database: The pool's database. Source: SqlScriptDOM; the reference's syntax names two parts.
    """

    name: str
    schema: str | None = None
    database: str | None = None

    @classmethod
    def parse(cls, text: str, *, option: str = "INTO") -> TableName:
        """Read ``table``, ``schema.table`` or ``database.schema.table``; any part may stand in brackets or quotes.

        :param option: The T-SQL clause or argument that the name stands in, for the error.
        :raises CopyOptionError: Rules ``name-*``, ``template``, ``text``.

        >>> TableName.parse("dbo.[order details]").parts
        ('dbo', 'order details')
        """
        parts = read_name(text, option)
        if len(parts) > 3:
            raise refuse("name-parts", shown=show(text), option=option)
        if text == "None":
            raise refuse("name-none", option=option)
        *qualifiers, name = parts
        schema = qualifiers.pop() if qualifiers else None
        return cls(name=name, schema=schema, database=qualifiers.pop() if qualifiers else None)

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that are given, outermost first."""
        return tuple(part for part in (self.database, self.schema, self.name) if part is not None)

    @property
    def is_temporary(self) -> bool:
        """Whether the table lives in the session only."""
        return self.name.startswith("#")

    @property
    def quoted(self) -> str:
        """The name as T-SQL, each part in brackets."""
        return ".".join(map(quote, self.parts))

    def __str__(self) -> str:
        return self.quoted


@dataclass(frozen=True, slots=True)
class ColumnName:
    """Name of a column of the target table."""

    name: str

    @classmethod
    def parse(cls, text: str, *, option: str = "column list") -> ColumnName:
        """Read a name that may stand in brackets or quotes.

        :param option: The T-SQL clause or argument that the name stands in, for the error.
        :raises CopyOptionError: Rules ``name-syntax``, ``template``, ``text``.
        """
        parts = read_name(text, option)
        if len(parts) > 1:
            raise refuse("name-syntax", shown=show(text), option=option)
        return cls(parts[0])

    @property
    def quoted(self) -> str:
        """The name as T-SQL, in brackets."""
        return quote(self.name)

    def __str__(self) -> str:
        return self.quoted
