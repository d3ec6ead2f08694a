"""Hand the text of a query to sqlglot in a form that it cannot misread, and get its tree.

sqlglot reads T-SQL functions in its own way, drops the N of a string and falls over words that are names here and
keywords elsewhere. So a query is written anew from its tokens: every name in brackets, every function call and every
``@@global`` as a call of ``f__<name>``, every type in CAST as a literal. What remains is plain structure, and what a
function means is decided in :mod:`airflow_synapse.local.tsql.functions` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.reader import TokenReader, not_supported, refused, syntax_error
from airflow_synapse.local.tsql.statements import CommonTable, Name, Query
from airflow_synapse.local.tsql.tokens import Token, TokenKind

#: Mark of a function call, a national string, a global variable ... in the text for sqlglot.
PREFIX: Final = "f__"

_KEYWORDS: Final = frozenset({
    "SELECT", "DISTINCT", "ALL", "TOP", "FROM", "WHERE", "GROUP", "BY", "HAVING", "ORDER", "ASC", "DESC", "AS",
    "ON", "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "OUTER", "CROSS", "UNION", "EXCEPT", "INTERSECT", "AND", "OR",
    "NOT", "IN", "IS", "NULL", "LIKE", "ESCAPE", "BETWEEN", "EXISTS", "CASE", "WHEN", "THEN", "ELSE", "END", "OVER",
    "PARTITION", "ROWS", "RANGE", "PRECEDING", "FOLLOWING", "UNBOUNDED", "CURRENT", "ROW", "WITHIN", "VALUES",
    "ANY", "SOME", "PERCENT", "WITH", "TIES", "DEFAULT",
})  # fmt: skip
_JOIN_KINDS: Final = frozenset({"INNER", "LEFT", "RIGHT", "FULL", "OUTER", "CROSS"})
_JOIN_HINTS: Final = frozenset({"HASH", "LOOP", "REDUCE", "REPLICATE", "REDISTRIBUTE"})
#: Functions that are called without parentheses.
_BARE_FUNCTIONS: Final = frozenset({"CURRENT_TIMESTAMP", "CURRENT_USER", "SESSION_USER", "SYSTEM_USER", "USER"})
_CASTS: Final = frozenset({"CAST", "TRY_CAST"})
_CONVERTS: Final = frozenset({"CONVERT", "TRY_CONVERT"})
#: Clauses that a dedicated pool has not. Source: azure-docs sql/overview-features (02/2026), Query language.
_REFUSED_CLAUSES: Final = {
    "FOR": "The FOR clause (FOR XML, FOR JSON)",
    "MATCH": "MATCH",
    "OPENROWSET": "OPENROWSET",
}
_MISSING_CLAUSES: Final = frozenset({"PIVOT", "UNPIVOT", "APPLY", "COLLATE", "INTO", "TABLESAMPLE", "CUBE", "ROLLUP"})
#: Assumption: Table hints that only say how a reader locks are accepted and have no effect.
_IGNORED_HINTS: Final = frozenset({"NOLOCK", "READUNCOMMITTED", "READCOMMITTED", "READPAST"})


def parse_query(tokens: Sequence[Token]) -> Query:
    """Return the query that the tokens write: a WITH list, if any, and a SELECT."""
    reader = TokenReader(tokens)
    common_tables: list[CommonTable] = []
    if reader.accept("WITH"):
        common_tables.append(_common_table(reader))
        while reader.accept_symbol(","):
            common_tables.append(_common_table(reader))
    if not reader.at("SELECT") and not reader.at_symbol("("):
        raise syntax_error(reader.peek())
    return Query(parse_tree(reader.rest()), tuple(common_tables))


def parse_expression(tokens: Sequence[Token]) -> Query:
    """Return the query that selects the one value which the tokens write."""
    if not tokens or tokens[0].kind is TokenKind.END:
        raise PoolError(103010, "Parse error: an expression is missing.")
    return Query(_sqlglot(f"SELECT {_text(tokens)}", tokens))


def parse_tree(tokens: Sequence[Token], before: str = "") -> exp.Expression:
    """Return sqlglot's tree of the tokens, with the text ``before`` put before them."""
    return _sqlglot(before + _text(tokens), tokens)


def table_parts(node: exp.Table) -> tuple[str, ...]:
    """Return the parts of a table's name; sqlglot takes the ``#`` of a temporary table off its name."""
    return tuple(("#" if part.args.get("temporary") else "") + part.name for part in node.parts)


def table_node(name: Name) -> exp.Table:
    """Return the tree of a table's name of which :func:`table_parts` returns the parts."""
    *prefix, last = map(exp.to_identifier, name)
    return exp.Table(this=last, **dict(zip(("db", "catalog"), reversed(prefix), strict=False)))


def _common_table(reader: TokenReader) -> CommonTable:
    name = reader.name()
    columns = reader.names() if reader.at_symbol("(") else ()
    reader.expect("AS")
    return CommonTable(name, columns, parse_tree(reader.parenthesized()))


def _sqlglot(text: str, tokens: Sequence[Token]) -> exp.Expression:
    try:
        tree = sqlglot.parse_one(text, read="tsql", error_level=sqlglot.ErrorLevel.IMMEDIATE)
    except SqlglotError as error:
        raise _syntax_error(error, tokens) from None  # its text quotes the statement
    if isinstance(tree, exp.Command):
        raise PoolError(103010, f"Parse error at line: {tokens[0].line}: the statement cannot be read.")
    assert isinstance(tree, exp.Expression)  # noqa: S101 - narrows sqlglot's declared type
    return tree


def _syntax_error(error: SqlglotError, tokens: Sequence[Token]) -> PoolError:
    errors = getattr(error, "errors", None) or [{}]
    near = str(errors[0].get("highlight") or "").removeprefix(PREFIX).strip("[]")
    for token in tokens:
        if token.kind in {TokenKind.WORD, TokenKind.QUOTED_NAME, TokenKind.SYMBOL} and token.text == near:
            return syntax_error(token)
    return PoolError(103010, f"Parse error at line: {tokens[0].line}: Incorrect syntax in the statement.")


def _text(tokens: Sequence[Token]) -> str:
    return " ".join(_pieces(TokenReader([*tokens, _end(tokens)])))


def _end(tokens: Sequence[Token]) -> Token:
    last = tokens[-1]
    return last if last.kind is TokenKind.END else Token(TokenKind.END, "", last.end, last.end, last.line)


def _pieces(reader: TokenReader) -> Iterator[str]:
    previous = Token(TokenKind.SYMBOL, "", 0, 0, 1)
    while reader.peek().kind is not TokenKind.END:
        token = reader.peek()
        if token.kind is TokenKind.WORD:
            yield from _word(reader, previous)
        else:
            yield _other(reader.take(), reader)
        previous = token


def _other(token: Token, reader: TokenReader) -> str:
    if token.kind is TokenKind.STRING:
        literal = _literal(token.text)
        return f"{PREFIX}N({literal})" if _is_national(token) else literal
    if token.kind is TokenKind.SYMBOL:
        return _symbol(token, reader)
    write = _WRITTEN.get(token.kind)
    return token.text if write is None else write(token.text)


def _variable(name: str) -> str:
    if name.startswith("@@"):
        return f"{PREFIX}GLOBAL({_literal(name[2:].upper())})"
    return f"{PREFIX}VARIABLE({_literal(name)})"


def _is_national(token: Token) -> bool:
    """Return whether N stands before the string: then it is longer than its text and its quotes."""
    return token.end - token.start == len(token.text) + token.text.count("'") + 3


def _symbol(token: Token, reader: TokenReader) -> str:
    if token.text in {"!<", "!>"}:
        raise refused(f"The operator {token.text}")  # Source: azure-docs sql/overview-features (02/2026), Operators
    if token.text == "$":
        return f"{PREFIX}MONEY({_literal(reader.expect_kind(TokenKind.NUMBER).text)})"
    if token.text in {";", "{", "}", "\\", "?", "::", ":"} or (token.text.endswith("=") and token.text[0] in "+-*/%"):
        raise syntax_error(token)
    return token.text


def _word(reader: TokenReader, previous: Token) -> Iterator[str]:
    token = reader.take()
    keyword = token.keyword
    calls = reader.at_symbol("(") and not previous.is_symbol(")") and previous.keyword != "AS"
    _check_clause(token, reader, previous)
    if previous.is_symbol("."):
        yield (PREFIX + token.text) if reader.at_symbol("(") else _bracketed(token.text)
    elif keyword == "WITH" and reader.at_symbol("("):
        _hints(reader)
    elif keyword in {"LEFT", "RIGHT"} and calls:
        yield PREFIX + keyword
    elif keyword == "JOIN" and previous.keyword not in _JOIN_KINDS:
        yield "INNER JOIN"  # which sqlglot would not tell from a comma
    elif keyword in _KEYWORDS:
        yield keyword
    elif keyword in _CASTS and calls:
        yield from _cast(reader, keyword)
    elif keyword in _CONVERTS and calls:
        yield from _convert(reader, keyword)
    elif keyword in _BARE_FUNCTIONS:
        yield f"{PREFIX}{keyword}()"
    else:
        yield PREFIX + token.text if calls else _bracketed(token.text)


def _check_clause(token: Token, reader: TokenReader, previous: Token) -> None:
    if previous.is_symbol("."):
        return
    if token.keyword in _REFUSED_CLAUSES and not reader.at_symbol("."):
        raise refused(_REFUSED_CLAUSES[token.keyword])
    if token.keyword in _MISSING_CLAUSES:
        raise not_supported(f"The clause {token.keyword}")
    if token.keyword == "OFFSET" and reader.peek().kind in {TokenKind.NUMBER, TokenKind.VARIABLE}:
        # Source: azure-docs sql/overview-features (02/2026), SELECT statement.
        raise refused("OFFSET/FETCH", "Number the rows with ROW_NUMBER() instead.")
    if token.keyword in _JOIN_HINTS and reader.at("JOIN"):
        raise not_supported(f"The join hint {token.keyword}")
    if token.keyword == "AT" and reader.at("TIME", "ZONE"):
        raise not_supported("AT TIME ZONE")


def _hints(reader: TokenReader) -> None:
    for token in reader.parenthesized():
        if not token.is_symbol(",") and token.keyword not in _IGNORED_HINTS:
            raise not_supported(f"The table hint {token.keyword}" if token.keyword else "This table hint")


def _cast(reader: TokenReader, keyword: str) -> Iterator[str]:
    """``CAST(x AS type)`` becomes ``f__CAST(x, 'type')``."""
    start = reader.peek()
    inside = reader.parenthesized()
    split = _last_at_depth_zero(inside, "AS")
    if split is None or split == 0 or split == len(inside) - 1:
        raise syntax_error(start)
    yield f"{PREFIX}{keyword}({_text(inside[:split])}, {_literal(_plain(inside[split + 1 :]))})"


def _convert(reader: TokenReader, keyword: str) -> Iterator[str]:
    """``CONVERT(type, x, style)`` becomes ``f__CONVERT('type', x, style)``."""
    start = reader.peek()
    inside = reader.parenthesized()
    depth = 0
    for index, token in enumerate(inside):
        depth += token.is_symbol("(") - token.is_symbol(")")
        if depth == 0 and token.is_symbol(",") and 0 < index < len(inside) - 1:
            yield f"{PREFIX}{keyword}({_literal(_plain(inside[:index]))}, {_text(inside[index + 1 :])})"
            return
    raise syntax_error(start)


def _last_at_depth_zero(tokens: Sequence[Token], keyword: str) -> int | None:
    depth, found = 0, None
    for index, token in enumerate(tokens):
        depth += token.is_symbol("(") - token.is_symbol(")")
        if depth == 0 and token.keyword == keyword:
            found = index
    return found


def _plain(tokens: Sequence[Token]) -> str:
    return "".join(f"[{token.text}]" if token.kind is TokenKind.QUOTED_NAME else f" {token.text}" for token in tokens)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _bracketed(name: str) -> str:
    return "[" + name.replace("]", "]]") + "]"


_WRITTEN: Final[dict[TokenKind, Callable[[str], str]]] = {
    TokenKind.QUOTED_NAME: _bracketed,
    TokenKind.BINARY: lambda text: f"{PREFIX}BINARY({_literal(text[2:])})",
    TokenKind.VARIABLE: _variable,
}
