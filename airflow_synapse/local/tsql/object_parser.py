"""Parse the statements for schemas and statistics."""

from __future__ import annotations

from airflow_synapse.local.tsql.reader import TokenReader, not_supported, syntax_error
from airflow_synapse.local.tsql.statements import (
    Body,
    CreateSchema,
    CreateStatistics,
    DropSchema,
    DropStatistics,
    UpdateStatistics,
)
from airflow_synapse.local.tsql.tokens import TokenKind


def parse_create_schema(reader: TokenReader) -> Body:
    """Parse CREATE SCHEMA name [AUTHORIZATION owner]."""
    reader.expect("CREATE", "SCHEMA")
    name = reader.name()
    if reader.accept("AUTHORIZATION"):
        reader.name()
    reader.expect_end()
    return CreateSchema(name)


def parse_drop_schema(reader: TokenReader) -> Body:
    """Parse DROP SCHEMA [IF EXISTS] name."""
    reader.expect("DROP", "SCHEMA")
    if_exists = reader.accept("IF", "EXISTS")
    name = reader.name()
    reader.expect_end()
    return DropSchema(name, if_exists)


def parse_create_statistics(reader: TokenReader) -> Body:
    """Parse CREATE STATISTICS name ON table (columns) [WITH FULLSCAN | SAMPLE n PERCENT]."""
    reader.expect("CREATE", "STATISTICS")
    name = reader.name()
    reader.expect("ON")
    table = reader.qualified_name()
    columns = reader.names()
    if reader.at("WHERE"):
        raise not_supported("CREATE STATISTICS with WHERE")
    _scan_option(reader)
    reader.expect_end()
    return CreateStatistics(name, table, columns)


def parse_update_statistics(reader: TokenReader) -> Body:
    """Parse UPDATE STATISTICS table [(names) | name] [WITH FULLSCAN | SAMPLE n PERCENT | RESAMPLE]."""
    reader.expect("UPDATE", "STATISTICS")
    table = reader.qualified_name()
    names: tuple[str, ...] = ()
    if reader.at_symbol("("):
        names = reader.names()
    elif reader.peek().kind in {TokenKind.WORD, TokenKind.QUOTED_NAME} and not reader.at("WITH"):
        names = (reader.name(),)
    _scan_option(reader)
    reader.expect_end()
    return UpdateStatistics(table, names)


def _scan_option(reader: TokenReader) -> None:
    if not reader.accept("WITH"):
        return
    if reader.accept("SAMPLE"):
        reader.integer()
        reader.expect("PERCENT")
    elif not reader.accept_any("FULLSCAN", "RESAMPLE"):
        raise syntax_error(reader.peek())


def parse_drop_statistics(reader: TokenReader) -> Body:
    """Parse DROP STATISTICS [schema.]table.name."""
    reader.expect("DROP", "STATISTICS")
    name = reader.qualified_name()
    reader.expect_end()
    return DropStatistics(name)
