"""Parse INSERT, UPDATE and DELETE."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sqlglot import exp

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.query_text import PREFIX, parse_query, parse_tree
from airflow_synapse.local.tsql.reader import TokenReader, not_supported, syntax_error
from airflow_synapse.local.tsql.statements import Body, Change, Insert, Name, Select
from airflow_synapse.local.tsql.tokens import Token, TokenKind

_CONSTANT_CALLS: Final = frozenset({f"{PREFIX}{name}" for name in ("N", "BINARY", "MONEY", "VARIABLE")})
_COMPOUND_ASSIGNMENTS: Final = frozenset({"+=", "-=", "*=", "/=", "%="})


def parse_with(reader: TokenReader) -> Body:
    """Parse a statement that begins with WITH.

    Source: T-SQL reference, WITH common_table_expression, Features and limitations in Azure Synapse Analytics: a common
    table expression may stand before SELECT, and inside CREATE TABLE AS SELECT.
    """
    depth, ahead = 0, 0
    while (token := reader.peek(ahead)).kind is not TokenKind.END:
        depth += token.is_symbol("(") - token.is_symbol(")")
        if depth == 0 and token.keyword in {"INSERT", "UPDATE", "DELETE", "MERGE"}:
            raise not_supported(f"WITH before {token.keyword}")
        ahead += 1
    return Select(parse_query(reader.rest()))


def parse_insert(reader: TokenReader) -> Body:
    """Parse INSERT [INTO] table [(columns)] SELECT ... | VALUES (one row) | DEFAULT VALUES."""
    reader.expect("INSERT")
    if reader.at("TOP"):
        raise not_supported("INSERT TOP")
    reader.accept("INTO")
    target = reader.qualified_name()
    has_columns = reader.at_symbol("(") and reader.peek(1).keyword not in {"SELECT", "WITH"}
    columns = reader.names() if has_columns else None
    if reader.at("EXEC") or reader.at("EXECUTE"):
        raise not_supported("INSERT EXEC")
    if reader.accept("VALUES"):
        return Insert(target, columns, values=_one_row(reader))
    if reader.accept("DEFAULT"):
        reader.expect("VALUES")
        reader.expect_end()
        return Insert(target, (), values=())
    return Insert(target, columns, parse_query(reader.rest()))


def _one_row(reader: TokenReader) -> tuple[exp.Expression | None, ...]:
    """Read the one row of VALUES.

    A dedicated pool takes one row, of constants and variables. Source: sql-docs issues 2251 and 3959 (a second row is a
    syntax error); number 104334 as reported by users of the pool.
    """
    start = reader.peek()
    values = tuple(_constant(value, start) for value in split_at_commas(reader.parenthesized()))
    if reader.at_symbol(","):
        raise syntax_error(reader.peek())
    reader.expect_end()
    return values


def _constant(tokens: Sequence[Token], start: Token) -> exp.Expression | None:
    if not tokens:
        raise syntax_error(start)
    if len(tokens) == 1 and tokens[0].keyword == "DEFAULT":
        return None
    tree = parse_value(tokens)
    value = tree
    while isinstance(value, exp.Neg | exp.Paren):
        value = value.this
    is_call = isinstance(value, exp.Anonymous) and value.name in _CONSTANT_CALLS
    if not is_call and not isinstance(value, exp.Literal | exp.Null):
        message = "Insert values statement can contain only constant literal values or variable references."
        raise PoolError(104334, message)
    return tree


def parse_update(reader: TokenReader) -> Body:
    """Parse UPDATE target SET column = expression ... [FROM ...] [WHERE ...]."""
    reader.expect("UPDATE")
    target = _target(reader, "UPDATE")
    reader.expect("SET")
    tokens = list(reader.rest())
    tail = next((i for i, token in _outside(tokens) if token.keyword in {"FROM", "WHERE"}), len(tokens) - 1)
    assignments = tuple(assignment(part, tokens[-1]) for part in split_at_commas(tokens[:tail]))
    return Change(target, _source(tokens[tail:]), assignments)


def assignment(tokens: Sequence[Token], end: Token) -> tuple[str, exp.Expression]:
    """Return column and value of ``column = expression``.

    :raises PoolError: The tokens are something else.
    """
    reader = TokenReader([*tokens, end])
    column = reader.qualified_name()[-1]
    if reader.peek().text in _COMPOUND_ASSIGNMENTS:
        raise not_supported(f"The operator {reader.peek().text}")
    reader.expect_symbol("=")
    value = list(reader.rest())[:-1]
    if not value:
        raise syntax_error(end)
    return column, parse_value(value)


def parse_delete(reader: TokenReader) -> Body:
    """Parse DELETE [FROM] target [FROM ...] [WHERE ...]."""
    reader.expect("DELETE")
    reader.accept("FROM")
    return Change(_target(reader, "DELETE"), _source(reader.rest()))


def _target(reader: TokenReader, verb: str) -> Name:
    if reader.at("TOP"):
        raise not_supported(f"{verb} TOP")
    return reader.qualified_name()


def _source(tokens: Sequence[Token]) -> exp.Select:
    tree = parse_tree(tokens, before="SELECT 1 ")
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1 or not isinstance(tree.selects[0], exp.Literal):
        raise syntax_error(tokens[0])
    return tree


def parse_value(tokens: Sequence[Token]) -> exp.Expression:
    """Return the tree of one expression.

    :raises PoolError: The tokens are no expression.
    """
    tree = parse_tree(tokens, before="SELECT ")
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1 or tree.args.get("from_"):
        raise syntax_error(tokens[0])
    value = tree.selects[0]
    assert isinstance(value, exp.Expression)  # noqa: S101 - narrows sqlglot's declared type
    return value


def parse_condition(tokens: Sequence[Token]) -> exp.Expression:
    """Return the tree of one search condition.

    :raises PoolError: The tokens are no condition.
    """
    tree = parse_tree(tokens, before="SELECT 1 WHERE ")
    if not isinstance(tree, exp.Select) or {name for name, part in tree.args.items() if part} != {
        "expressions",
        "where",
    }:
        raise syntax_error(tokens[0])
    condition = tree.args["where"].this
    assert isinstance(condition, exp.Expression)  # noqa: S101 - narrows sqlglot's declared type
    return condition


def split_at_commas(tokens: Sequence[Token]) -> list[list[Token]]:
    """Split at the commas that stand outside parentheses."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += token.is_symbol("(") - token.is_symbol(")")
        if depth == 0 and token.is_symbol(","):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _outside(tokens: Sequence[Token]) -> Iterator[tuple[int, Token]]:
    depth = 0
    for index, token in enumerate(tokens):
        depth += token.is_symbol("(") - token.is_symbol(")")
        if depth == 0:
            yield index, token
