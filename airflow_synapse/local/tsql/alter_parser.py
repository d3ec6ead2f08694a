"""Parse ALTER TABLE ... SWITCH, SPLIT RANGE and MERGE RANGE, and RENAME OBJECT."""

from __future__ import annotations

from airflow_synapse.local.tsql.reader import TokenReader, not_supported, syntax_error
from airflow_synapse.local.tsql.statements import Body, ChangeBoundary, Name, RenameTable, Switch
from airflow_synapse.local.tsql.tokens import TokenKind


def parse_alter_table(reader: TokenReader) -> Body:
    """Parse ALTER TABLE name SWITCH ... | SPLIT RANGE (value) | MERGE RANGE (value)."""
    reader.expect("ALTER", "TABLE")
    name = reader.qualified_name()
    if reader.accept("SWITCH"):
        return _switch(reader, name)
    verb = reader.accept_any("SPLIT", "MERGE")
    if not verb:
        raise not_supported("ALTER TABLE other than SWITCH, SPLIT RANGE and MERGE RANGE")
    reader.expect("RANGE")
    value = reader.parenthesized()
    reader.expect_end()
    if not value:
        raise syntax_error(reader.peek())
    return ChangeBoundary(name, verb, "".join(_text(token.kind, token.text) for token in value))


def _text(kind: TokenKind, text: str) -> str:
    return "'" + text.replace("'", "''") + "'" if kind is TokenKind.STRING else text


def _switch(reader: TokenReader, source: Name) -> Body:
    """Source: T-SQL reference, ALTER TABLE, syntax for Azure Synapse Analytics."""
    source_partition = _partition(reader)
    reader.expect("TO")
    target = reader.qualified_name()
    target_partition = _partition(reader)
    truncate_target = False
    if reader.accept("WITH"):
        reader.expect_symbol("(")
        reader.expect("TRUNCATE_TARGET")
        reader.expect_symbol("=")
        value = reader.accept_any("ON", "OFF")
        if not value:
            raise syntax_error(reader.peek())
        truncate_target = value == "ON"
        reader.expect_symbol(")")
    reader.expect_end()
    return Switch(source, source_partition, target, target_partition, truncate_target)


def _partition(reader: TokenReader) -> int | None:
    return reader.integer() if reader.accept("PARTITION") else None


def parse_rename(reader: TokenReader) -> Body:
    """Parse RENAME OBJECT [::] name TO new_name; the new name has one part."""
    reader.expect("RENAME", "OBJECT")
    reader.accept_symbol("::")
    name = reader.qualified_name()
    if reader.at("COLUMN"):  # Source: RENAME reference: columns are renamed in Analytics Platform System only
        raise syntax_error(reader.peek())
    reader.expect("TO")
    new_name = reader.name()
    reader.expect_end()
    return RenameTable(name, new_name)
