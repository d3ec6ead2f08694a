"""Parameter declarations of ``sp_executesql`` and ``sp_prepare``: ``@P1 nvarchar(50), @P2 decimal(18, 4)``."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from airflow_synapse.local.sql_types import MAX, SqlType
from airflow_synapse.local.tsql.data_types import read_type
from airflow_synapse.local.tsql.reader import TokenReader, not_supported, syntax_error
from airflow_synapse.local.tsql.tokens import TokenKind, tokenize

Declarations = tuple[tuple[str, SqlType], ...]

#: Assumption: A parameter that a driver declares as text, ntext or image, as they do for long values, is taken for the
#: (max) type that replaced it, although a column of a dedicated SQL pool cannot have these types.
_LARGE_OBJECTS: Final = {
    "TEXT": SqlType("varchar", MAX),
    "NTEXT": SqlType("nvarchar", MAX),
    "IMAGE": SqlType("varbinary", MAX),
}


@lru_cache(maxsize=256)
def read_declarations(text: str) -> Declarations:
    """Return name and type of each declared parameter, in order.

    :raises PoolError: The text is no list of declarations, or declares a type that the pool does not have.
    """
    reader = TokenReader(tokenize(text))
    declarations = []
    while reader.peek().kind is not TokenKind.END:
        name = reader.take()
        if name.kind is not TokenKind.VARIABLE:
            raise syntax_error(name)
        reader.accept("AS")
        declarations.append((name.text, _LARGE_OBJECTS.get(reader.accept_any(*_LARGE_OBJECTS)) or read_type(reader)))
        if reader.accept("OUTPUT") or reader.accept("OUT"):
            raise not_supported("An OUTPUT parameter")
        if not reader.accept_symbol(","):
            reader.expect_end()
    return tuple(declarations)
