"""Parse CREATE TABLE, CREATE TABLE AS SELECT, DROP TABLE and TRUNCATE TABLE."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from sqlglot import exp

from airflow_synapse.local.copy.environment import Identity
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.change_parser import parse_value, split_at_commas
from airflow_synapse.local.tsql.data_types import read_type
from airflow_synapse.local.tsql.query_text import parse_query
from airflow_synapse.local.tsql.reader import TokenReader, not_supported, refused, syntax_error
from airflow_synapse.local.tsql.statements import (
    Body,
    ColumnDefinition,
    CreateTable,
    CreateTableAsSelect,
    Distribution,
    DropTable,
    KeyConstraint,
    Name,
    Partitioning,
    TableIndex,
    TableOptions,
    TruncateTable,
)
from airflow_synapse.local.tsql.tokens import Token, TokenKind

#: Column and table features that a dedicated pool has not. Source: azure-docs sql-data-warehouse-tables-overview
#: (Unsupported table features) and sql-data-warehouse-table-constraints.
_REFUSED_FEATURES: Final = {
    "FOREIGN": "A FOREIGN KEY constraint",
    "REFERENCES": "A FOREIGN KEY constraint",
    "CHECK": "A CHECK constraint",
    "AS": "A computed column",
    "SPARSE": "A sparse column",
    "ROWGUIDCOL": "ROWGUIDCOL",
    "FILESTREAM": "FILESTREAM",
    "INDEX": "An index inside a column list",
    "GENERATED": "A generated column",
}
_KEY_REMEDY: Final = "Write PRIMARY KEY NONCLUSTERED (...) NOT ENFORCED or UNIQUE (...) NOT ENFORCED."
_DEFAULT_CONSTANTS: Final = (exp.Literal, exp.Null, exp.Neg, exp.Anonymous)


def parse_create_table(reader: TokenReader) -> Body:
    """Parse CREATE TABLE with columns, or AS SELECT."""
    reader.expect("CREATE", "TABLE")
    name = table_name(reader)
    if not reader.at_symbol("("):
        options = _options(reader)
        return _as_select(reader, name, (), options)
    inside = reader.parenthesized()
    options = _options(reader)
    if reader.at("AS"):
        return _as_select(reader, name, column_names(inside), options)
    reader.expect_end()
    columns: list[ColumnDefinition] = []
    constraints: list[KeyConstraint] = []
    for part in split_at_commas(inside):
        if not part:
            raise syntax_error(reader.peek())
        element = TokenReader([*part, Token(TokenKind.END, "", part[-1].end, part[-1].end, part[-1].line)])
        _element(element, columns, constraints)
    return CreateTable(name, tuple(columns), tuple(constraints), options)


def table_name(reader: TokenReader) -> Name:
    """Take the name of a table to create.

    :raises PoolError: It is a global temporary table. Source: azure-docs sql-data-warehouse-tables-temporary.
    """
    name = reader.qualified_name()
    if name[-1].startswith("##"):
        raise refused("A global temporary table (##)", "Use a session temporary table (#).")
    return name


def column_names(tokens: list[Token]) -> tuple[str, ...]:
    """Read names between commas."""
    names = []
    for part in split_at_commas(tokens):
        if len(part) != 1 or part[0].kind not in {TokenKind.WORD, TokenKind.QUOTED_NAME}:
            raise syntax_error(part[-1] if part else tokens[0])
        names.append(part[0].text)
    return tuple(names)


def _as_select(reader: TokenReader, name: Name, columns: tuple[str, ...], options: TableOptions) -> Body:
    """Read AS SELECT.

    A distribution must be written. Source: T-SQL reference, CREATE TABLE AS SELECT (Azure Synapse Analytics).
    """
    if options.distribution is None:
        raise PoolError(
            103010, "CREATE TABLE AS SELECT needs WITH (DISTRIBUTION = HASH(...) | ROUND_ROBIN | REPLICATE)."
        )
    reader.expect("AS")
    return CreateTableAsSelect(name, columns, options, parse_query(reader.rest()))


def _element(reader: TokenReader, columns: list[ColumnDefinition], constraints: list[KeyConstraint]) -> None:
    constraint_name = reader.name() if reader.accept("CONSTRAINT") else None
    _refuse_feature(reader)
    if reader.at("PRIMARY", "KEY") or reader.at("UNIQUE"):
        constraints.append(_key(reader, None, constraint_name))
        reader.expect_end()
    elif constraint_name is not None:
        raise syntax_error(reader.peek())
    else:
        columns.append(parse_column(reader, constraints))


def _refuse_feature(reader: TokenReader) -> None:
    feature = _REFUSED_FEATURES.get(reader.peek().keyword)
    if feature is not None:
        raise refused(feature)


def parse_column(reader: TokenReader, constraints: list[KeyConstraint]) -> ColumnDefinition:
    """Read one column; a key that stands with it goes to ``constraints``."""
    name = reader.name()
    _refuse_feature(reader)
    column = ColumnDefinition(name, read_type(reader))
    while reader.peek().kind is not TokenKind.END:
        _refuse_feature(reader)
        constraint_name = reader.name() if reader.accept("CONSTRAINT") else None
        if reader.at("PRIMARY", "KEY") or reader.at("UNIQUE"):
            constraints.append(_key(reader, name, constraint_name))
        else:
            column = _property(reader, column)
    if column.identity is not None and column.default is not None:
        # Assumption: A DEFAULT on an identity column is refused with number 1754.
        raise PoolError(1754, "Defaults cannot be created on columns with an IDENTITY attribute.")
    return column


def _property(reader: TokenReader, column: ColumnDefinition) -> ColumnDefinition:
    if reader.accept("NOT", "NULL"):
        return replace(column, nullable=False)
    if reader.accept("NULL"):
        return column
    if reader.accept("COLLATE"):
        reader.name()
        return column
    if reader.accept("MASKED"):
        raise not_supported("MASKED WITH")
    if reader.accept("IDENTITY"):
        # Assumption: An identity column does not take NULL, whatever was declared.
        return replace(column, identity=_identity(reader, column), nullable=False)
    if reader.accept("DEFAULT"):
        return _with_default(reader, column)
    raise syntax_error(reader.peek())


def _identity(reader: TokenReader, column: ColumnDefinition) -> Identity:
    """Source: azure-docs sql-data-warehouse-tables-identity: int and bigint only.

    Assumption: IDENTITY of another type is refused with SQL Server's number 2749.
    """
    if column.type.name not in {"int", "bigint"}:
        raise PoolError(2749, f"Identity column '{column.name}' must be of data type int or bigint.")
    if not reader.accept_symbol("("):
        return Identity(1, 1)
    seed = reader.integer()
    reader.expect_symbol(",")
    increment = reader.integer()
    reader.expect_symbol(")")
    if increment == 0:
        raise PoolError(2749, f"Identity column '{column.name}' must have an increment other than 0.")
    return Identity(seed, increment)


def _with_default(reader: TokenReader, column: ColumnDefinition) -> ColumnDefinition:
    """Read a default: a constant. Source: azure-docs sql-data-warehouse-tables-data-types, default values."""
    if reader.at_symbol("("):
        opening = reader.peek()
        inside = reader.parenthesized()
        tokens = [opening, *inside, reader.peek(-1)]
    else:
        tokens = [reader.take()]
        if tokens[0].is_symbol("-"):
            tokens.append(reader.take())
    tree = parse_value(tokens)
    value = tree.unnest()
    if not isinstance(value, _DEFAULT_CONSTANTS) or (isinstance(value, exp.Anonymous) and value.name not in _LITERALS):
        raise refused("A DEFAULT that is not a constant")
    return replace(column, default=tree, default_text=_text_of(tokens))


_LITERALS: Final = frozenset({"f__N", "f__BINARY", "f__MONEY"})


def _text_of(tokens: list[Token]) -> str:
    def one(token: Token) -> str:
        if token.kind is TokenKind.STRING:
            return "'" + token.text.replace("'", "''") + "'"
        return token.text

    text = "".join(one(token) for token in tokens)
    return text if text.startswith("(") else f"({text})"


def _key(reader: TokenReader, column: str | None, name: str | None) -> KeyConstraint:
    """Source: azure-docs sql-data-warehouse-table-constraints: keys are not enforced, and must say so."""
    kind = "UQ" if reader.accept("UNIQUE") else "PK"
    if kind == "PK":
        reader.expect("PRIMARY", "KEY")
    nonclustered = reader.accept("NONCLUSTERED")
    reader.accept("CLUSTERED")
    columns = reader.names() if reader.at_symbol("(") else ()
    if not reader.accept("NOT", "ENFORCED") or (kind == "PK" and not nonclustered):
        raise refused("An enforced or clustered key", _KEY_REMEDY)
    if not columns and column is None:
        raise syntax_error(reader.peek())
    return KeyConstraint(kind, columns or (column or "",), name)


def _options(reader: TokenReader) -> TableOptions:
    options: dict[str, Any] = {}
    if not reader.accept("WITH"):
        return TableOptions()
    reader.expect_symbol("(")
    while True:
        _option(reader, options)
        if not reader.accept_symbol(","):
            break
    reader.expect_symbol(")")
    return TableOptions(**options)


def _option(reader: TokenReader, options: dict[str, Any]) -> None:
    """Read one option into ``options``.

    Assumption: A second distribution, index or partitioning of one table is refused as bad syntax.
    """
    first = reader.peek()
    if reader.accept("DISTRIBUTION"):
        reader.expect_symbol("=")
        given: dict[str, Any] = {"distribution": _distribution(reader)}
    elif reader.accept("HEAP"):
        given = {"index": TableIndex("HEAP")}
    elif reader.accept("CLUSTERED", "COLUMNSTORE", "INDEX"):
        columns = reader.names() if reader.accept("ORDER") else ()
        given = {"index": TableIndex("CLUSTERED COLUMNSTORE", tuple((name, False) for name in columns))}
    elif reader.accept("CLUSTERED", "INDEX"):
        given = {"index": TableIndex("CLUSTERED", _index_columns(reader))}
    elif reader.accept("PARTITION"):
        given = {"partitioning": _partitioning(reader)}
    elif reader.accept("LOCATION"):  # Source: CREATE TABLE reference: LOCATION = USER_DB is accepted for compatibility
        reader.expect_symbol("=")
        reader.expect("USER_DB")
        given = {}
    else:
        raise syntax_error(first)
    if given.keys() & options.keys():
        raise syntax_error(first)
    options |= given


def _distribution(reader: TokenReader) -> Distribution:
    if reader.accept("ROUND_ROBIN"):
        return Distribution()
    if reader.accept("REPLICATE"):
        return Distribution("REPLICATE")
    reader.expect("HASH")
    return Distribution("HASH", reader.names())


def _index_columns(reader: TokenReader) -> tuple[tuple[str, bool], ...]:
    reader.expect_symbol("(")
    columns: list[tuple[str, bool]] = []
    while True:
        name = reader.name()
        columns.append((name, reader.accept_any("ASC", "DESC") == "DESC"))
        if not reader.accept_symbol(","):
            break
    reader.expect_symbol(")")
    return tuple(columns)


def _partitioning(reader: TokenReader) -> Partitioning:
    reader.expect_symbol("(")
    column = reader.name()
    reader.expect("RANGE")
    side = reader.accept_any("LEFT", "RIGHT")  # LEFT when omitted. Source: CREATE TABLE reference, PARTITION
    reader.expect("FOR", "VALUES")
    boundaries = tuple(_text_of(part)[1:-1] for part in split_at_commas(reader.parenthesized()) if part)
    reader.expect_symbol(")")
    return Partitioning(column, side == "RIGHT", boundaries)


def parse_drop_table(reader: TokenReader) -> Body:
    """Parse DROP TABLE [IF EXISTS] name, name ..."""
    reader.expect("DROP", "TABLE")
    if_exists = reader.accept("IF", "EXISTS")
    names = [reader.qualified_name()]
    while reader.accept_symbol(","):
        names.append(reader.qualified_name())
    reader.expect_end()
    return DropTable(tuple(names), if_exists)


def parse_truncate(reader: TokenReader) -> Body:
    """Parse TRUNCATE TABLE name."""
    reader.expect("TRUNCATE", "TABLE")
    name = reader.qualified_name()
    if reader.at("WITH"):  # Source: TRUNCATE TABLE reference, syntax for Azure Synapse Analytics
        raise refused("TRUNCATE TABLE WITH (PARTITIONS)")
    reader.expect_end()
    return TruncateTable(name)
