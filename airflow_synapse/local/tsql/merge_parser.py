"""Parse MERGE.

Source: T-SQL reference, MERGE, syntax for Azure Synapse Analytics: no TOP, no merge hints, no OUTPUT.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.change_parser import assignment, parse_condition, parse_value, split_at_commas
from airflow_synapse.local.tsql.query_text import parse_tree
from airflow_synapse.local.tsql.reader import TokenReader, not_supported, refused, syntax_error
from airflow_synapse.local.tsql.statements import MATCHED, NOT_IN_SOURCE, NOT_IN_TARGET, Body, Merge, MergeClause
from airflow_synapse.local.tsql.tokens import Token, TokenKind


def parse_merge(reader: TokenReader) -> Body:
    """Parse MERGE [INTO] target [AS alias] USING source ON condition WHEN ... THEN ..."""
    reader.expect("MERGE")
    if reader.at("TOP"):
        raise refused("MERGE with TOP")
    reader.accept("INTO")
    target = reader.qualified_name()
    if reader.at("WITH"):
        raise refused("A hint on the target of MERGE")
    reader.accept("AS")
    alias = target[-1] if reader.at("USING") else reader.name()
    reader.expect("USING")
    source = _source(_until(reader, "ON"))
    reader.expect("ON")
    condition = parse_condition(_until(reader, "WHEN", "OUTPUT"))
    clauses = []
    while reader.accept("WHEN"):
        clauses.append(_clause(reader))
    if reader.at("OUTPUT"):
        raise refused("MERGE with OUTPUT")
    reader.expect_end()
    if not clauses:
        raise syntax_error(reader.peek())
    _check_clauses(clauses)
    return Merge(target, alias, source, condition, tuple(clauses))


def _until(reader: TokenReader, *keywords: str) -> list[Token]:
    """Take the tokens before one of the keywords that stands outside parentheses and CASE."""
    found: list[Token] = []
    depth = 0
    while reader.peek().kind is not TokenKind.END:
        token = reader.peek()
        if depth == 0 and token.keyword in keywords:
            break
        depth += (token.is_symbol("(") or token.keyword == "CASE") - (token.is_symbol(")") or token.keyword == "END")
        found.append(reader.take())
    if not found:
        raise syntax_error(reader.peek())
    return found


def _source(tokens: Sequence[Token]) -> exp.Select:
    """Source: MERGE reference: no table value constructor in USING (Azure Synapse Analytics)."""
    if len(tokens) > 1 and tokens[0].is_symbol("(") and tokens[1].keyword == "VALUES":
        raise refused("A table value constructor in USING of MERGE")
    tree = parse_tree(tokens, before="SELECT 1 FROM ")
    if not isinstance(tree, exp.Select):
        raise syntax_error(tokens[0])
    if tree.args.get("joins") or tree.args["from_"].this.args.get("joins"):
        raise not_supported("A join in USING of MERGE (select from it: USING (SELECT ...) AS source)")
    return tree


def _clause(reader: TokenReader) -> MergeClause:
    kind = MATCHED
    if reader.accept("NOT", "MATCHED"):
        kind = NOT_IN_SOURCE if reader.accept("BY", "SOURCE") else NOT_IN_TARGET
        reader.accept("BY", "TARGET")
    else:
        reader.expect("MATCHED")
    condition = parse_condition(_until(reader, "THEN")) if reader.accept("AND") else None
    reader.expect("THEN")
    if kind == NOT_IN_TARGET:
        return _insert(reader, condition)
    if reader.accept("DELETE"):
        return MergeClause(kind, "DELETE", condition)
    start = reader.peek()
    reader.expect("UPDATE", "SET")
    tokens = _until(reader, "WHEN", "OUTPUT")
    end = Token(TokenKind.END, "", start.end, start.end, start.line)
    assignments = tuple(assignment(part, end) for part in split_at_commas([t for t in tokens if not t.is_symbol(";")]))
    return MergeClause(kind, "UPDATE", condition, assignments=assignments)


def _insert(reader: TokenReader, condition: exp.Expression | None) -> MergeClause:
    reader.expect("INSERT")
    if reader.accept("DEFAULT", "VALUES"):
        return MergeClause(NOT_IN_TARGET, "INSERT", condition, columns=())
    columns = reader.names() if reader.at_symbol("(") else None
    reader.expect("VALUES")
    return MergeClause(NOT_IN_TARGET, "INSERT", condition, columns=columns, values=tuple(_values(reader)))


def _values(reader: TokenReader) -> Iterator[exp.Expression | None]:
    start = reader.peek()
    for part in split_at_commas(reader.parenthesized()):
        if not part:
            raise syntax_error(start)
        is_default = len(part) == 1 and part[0].keyword == "DEFAULT"
        yield None if is_default else parse_value(part)


def _check_clauses(clauses: Sequence[MergeClause]) -> None:
    """Source: MERGE reference, WHEN MATCHED and following; numbers: sql-docs, Database engine errors."""
    seen: dict[str, list[MergeClause]] = {}
    for clause in clauses:
        before = seen.setdefault(clause.kind, [])
        if any(known.verb == clause.verb for known in before):
            message = f"An action of type '{clause.verb}' cannot appear more than once in '{clause.kind}' of MERGE."
            raise PoolError(10714, message, severity=15)
        if any(known.condition is None for known in before):
            message = f"A '{clause.kind}' clause of MERGE cannot appear after one of them without a search condition."
            raise PoolError(5324, message, severity=15)
        before.append(clause)
