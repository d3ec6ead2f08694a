"""The procedures that the ODBC drivers call for their catalog functions.

Source: T-SQL reference, Catalog stored procedures; how drivers call them was seen on the wire: positions first, then
names, with and without EXEC.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from airflow_synapse.local.catalog.model import Table
from airflow_synapse.local.catalog.odbc_types import (
    ODBC_TYPES,
    column_scale,
    column_size,
    odbc_type,
    transfer_length,
    verbose_code,
)
from airflow_synapse.local.catalog.session_context import PARAMETERS, set_session_context
from airflow_synapse.local.catalog.view import INT, SMALLINT, SYSNAME, TINYINT, Row, ViewContext, nvarchar
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.protocol import Done, Outcome, Parameter
from airflow_synapse.local.sql_types import CHARACTER_TYPES, MAX, SqlType
from airflow_synapse.local.tsql.results import rows_of
from airflow_synapse.local.tsql.security import change_member

if TYPE_CHECKING:
    from airflow_synapse.local.tsql.session_state import SessionState

Arguments = dict[str, object]
Columns = tuple[tuple[str, SqlType], ...]

#: Whether they add a member.
_MEMBER_PROCEDURES: Final = {"sp_addrolemember": True, "sp_droprolemember": False}
_TABLE: Final = (("TABLE_QUALIFIER", SYSNAME), ("TABLE_OWNER", SYSNAME), ("TABLE_NAME", SYSNAME))


def call_procedure(state: SessionState, procedure: str, parameters: Sequence[Parameter]) -> Iterator[Outcome]:
    """Run a procedure.

    :raises PoolError: 2812, there is none of that name; 8144 and 8145, an argument does not belong to it.
    """
    name = procedure.rsplit(".", maxsplit=1)[-1].strip("[]").lower()
    if name == "sp_set_session_context":
        set_session_context(state.record, _arguments(name, PARAMETERS, parameters))
        yield Done()
        return
    if name in _MEMBER_PROCEDURES:
        arguments = _arguments(name, ("rolename", "membername"), parameters)
        change_member(state, arguments.get("rolename"), arguments.get("membername"), add=_MEMBER_PROCEDURES[name])
        yield Done()
        return
    found = _PROCEDURES.get(name)
    if found is None:
        raise PoolError(2812, f"Could not find stored procedure '{procedure}'.")
    names, columns, make = found
    arguments = _arguments(name, names, parameters)
    yield rows_of(columns, make(state.view_context(), arguments))


def _arguments(procedure: str, names: Sequence[str], parameters: Sequence[Parameter]) -> Arguments:
    given: Arguments = {}
    for position, parameter in enumerate(parameters):
        name = parameter.name.lstrip("@").lower()
        if not name and position >= len(names):
            raise PoolError(8144, f"Procedure or function {procedure} has too many arguments specified.")
        name = name or names[position]
        if name not in names:
            raise PoolError(8145, f"@{name} is not a parameter for procedure {procedure}.")
        given[name] = parameter.value
    return given


def _matches(pattern: object, text: str, *, literal: bool = False) -> bool:
    """Compare with a LIKE pattern, or with a name; no pattern fits all."""
    if pattern is None or pattern == "%":
        return True
    if literal:
        return str(pattern).lower() == text.lower()
    pieces = re.findall(r"\\.|\[.\]|.", str(pattern), re.DOTALL)
    expression = "".join(
        {"%": ".*", "_": "."}.get(piece, re.escape(piece[1] if len(piece) > 1 else piece)) for piece in pieces
    )
    return re.fullmatch(expression, text, re.IGNORECASE | re.DOTALL) is not None


def _chosen(context: ViewContext, arguments: Arguments, *, literal: bool) -> Iterator[Table]:
    if arguments.get("table_qualifier") not in {None, "", "%", context.database}:
        return
    for table in context.catalog.tables():
        if _matches(arguments.get("table_name"), table.name, literal=literal) and _matches(
            arguments.get("table_owner"), table.schema, literal=literal
        ):
            yield table


def _uses_patterns(arguments: Arguments) -> bool:
    return bool(arguments.get("fusepattern", 1))


# sp_tables --------------------------------------------------------------------------------------------------------

_TABLES_COLUMNS: Final = (*_TABLE, ("TABLE_TYPE", SqlType("varchar", 32)), ("REMARKS", SqlType("varchar", 254)))


def _tables(context: ViewContext, arguments: Arguments) -> Iterator[Row]:
    name, owner, qualifier = (arguments.get(key) for key in ("table_name", "table_owner", "table_qualifier"))
    if qualifier == "%" and name == "" and owner == "":
        yield context.database, None, None, None, None
        return
    if owner == "%" and name == "" and qualifier == "":
        yield from ((None, schema, None, None, None) for _, schema in context.catalog.schemas())
        return
    types = arguments.get("table_type")
    if types and "TABLE" not in [kind.strip(" '") for kind in str(types).upper().split(",")] and types != "%":
        return
    for table in _chosen(context, arguments, literal=not _uses_patterns(arguments)):
        yield context.database, table.schema, table.name, "TABLE", None


# sp_columns -------------------------------------------------------------------------------------------------------

_COLUMNS: Columns = (
    *_TABLE,
    ("COLUMN_NAME", SYSNAME),
    ("DATA_TYPE", SMALLINT),
    ("TYPE_NAME", SYSNAME),
    ("PRECISION", INT),
    ("LENGTH", INT),
    ("SCALE", SMALLINT),
    ("RADIX", SMALLINT),
    ("NULLABLE", SMALLINT),
    ("REMARKS", SqlType("varchar", 254)),
    ("COLUMN_DEF", nvarchar(4000)),
    ("SQL_DATA_TYPE", SMALLINT),
    ("SQL_DATETIME_SUB", SMALLINT),
    ("CHAR_OCTET_LENGTH", INT),
    ("ORDINAL_POSITION", INT),
    ("IS_NULLABLE", SqlType("varchar", 254)),
)
_SS_DATA_TYPE: Columns = (("SS_DATA_TYPE", TINYINT),)
_COLUMNS_100: Columns = (
    *_COLUMNS,
    ("SS_IS_SPARSE", SMALLINT),
    ("SS_IS_COLUMN_SET", SMALLINT),
    ("SS_IS_COMPUTED", SMALLINT),
    ("SS_IS_IDENTITY", SMALLINT),
    ("SS_UDT_CATALOG_NAME", SYSNAME),
    ("SS_UDT_SCHEMA_NAME", SYSNAME),
    ("SS_UDT_ASSEMBLY_TYPE_NAME", nvarchar(4000)),
    ("SS_XML_SCHEMACOLLECTION_CATALOG_NAME", SYSNAME),
    ("SS_XML_SCHEMACOLLECTION_SCHEMA_NAME", SYSNAME),
    ("SS_XML_SCHEMACOLLECTION_NAME", SYSNAME),
    *_SS_DATA_TYPE,
)


def _columns(context: ViewContext, arguments: Arguments) -> Iterator[Row]:
    for table, number, row in _column_rows(context, arguments):
        yield (*row, odbc_type(table.columns[number - 1].type).ss_code)


def _columns_100(context: ViewContext, arguments: Arguments) -> Iterator[Row]:
    for table, number, row in _column_rows(context, arguments):
        column = table.columns[number - 1]
        flags = (0, 0, 0, int(column.identity is not None))
        yield (*row, *flags, None, None, None, None, None, None, odbc_type(column.type).ss_code)


def _column_rows(context: ViewContext, arguments: Arguments) -> Iterator[tuple[Table, int, Row]]:
    literal = not _uses_patterns(arguments)
    version = int(str(arguments.get("odbcver") or 2))
    for table in _chosen(context, arguments, literal=literal):
        for number, column in enumerate(table.columns, 1):
            if not _matches(arguments.get("column_name"), column.name, literal=literal):
                continue
            found, declared = odbc_type(column.type), column.type
            is_text = declared.name in CHARACTER_TYPES | {"binary", "varbinary"}
            octets = transfer_length(declared) if is_text and declared.length != MAX else 0 if is_text else None
            identity = " identity" if column.identity is not None else ""
            yield (
                table,
                number,
                (
                    context.database,
                    table.schema,
                    table.name,
                    column.name,
                    found.code_for(version),
                    declared.name + identity,
                    column_size(declared),
                    transfer_length(declared),
                    column_scale(declared),
                    found.radix,
                    int(column.nullable),
                    None,
                    column.default,
                    verbose_code(found),
                    found.subcode,
                    octets,
                    number,
                    "YES" if column.nullable else "NO",
                ),
            )


# Keys and indexes -------------------------------------------------------------------------------------------------

_KEY_COLUMNS: Columns = (*_TABLE, ("COLUMN_NAME", SYSNAME), ("KEY_SEQ", SMALLINT), ("PK_NAME", SYSNAME))
_STATISTICS_COLUMNS: Columns = (
    *_TABLE,
    ("NON_UNIQUE", SMALLINT),
    ("INDEX_QUALIFIER", SYSNAME),
    ("INDEX_NAME", SYSNAME),
    ("TYPE", SMALLINT),
    ("SEQ_IN_INDEX", SMALLINT),
    ("COLUMN_NAME", SYSNAME),
    ("COLLATION", SqlType("char", 1)),
    ("CARDINALITY", INT),
    ("PAGES", INT),
    ("FILTER_CONDITION", SqlType("varchar", 128)),
)


def _primary_keys(context: ViewContext, arguments: Arguments) -> Iterator[Row]:
    for table in _chosen(context, arguments, literal=True):
        for constraint in table.constraints:
            if constraint.kind == "PK":
                name = constraint.name or f"PK_{table.name}"
                for ordinal, column in enumerate(constraint.columns, 1):
                    yield context.database, table.schema, table.name, column, ordinal, name


def _statistics(context: ViewContext, arguments: Arguments) -> Iterator[Row]:
    """Return the row that stands for the table itself; its keys are not enforced and give no unique index."""
    for table in _chosen(context, arguments, literal=True):
        yield (context.database, table.schema, table.name, *([None] * 3), 0, *([None] * 6))


# sp_datatype_info -------------------------------------------------------------------------------------------------

_TYPE_COLUMNS: Columns = (
    ("TYPE_NAME", SYSNAME),
    ("DATA_TYPE", SMALLINT),
    ("PRECISION", INT),
    ("LITERAL_PREFIX", SqlType("varchar", 32)),
    ("LITERAL_SUFFIX", SqlType("varchar", 32)),
    ("CREATE_PARAMS", SqlType("varchar", 32)),
    ("NULLABLE", SMALLINT),
    ("CASE_SENSITIVE", SMALLINT),
    ("SEARCHABLE", SMALLINT),
    ("UNSIGNED_ATTRIBUTE", SMALLINT),
    ("MONEY", SMALLINT),
    ("AUTO_INCREMENT", SMALLINT),
    ("LOCAL_TYPE_NAME", SYSNAME),
    ("MINIMUM_SCALE", SMALLINT),
    ("MAXIMUM_SCALE", SMALLINT),
    ("SQL_DATA_TYPE", SMALLINT),
    ("SQL_DATETIME_SUB", SMALLINT),
    ("NUM_PREC_RADIX", INT),
    ("INTERVAL_PRECISION", SMALLINT),
    ("USERTYPE", SMALLINT),
)


def _type_information(_: ViewContext, arguments: Arguments) -> Iterator[Row]:
    wanted = int(str(arguments.get("data_type") or 0))
    version = int(str(arguments.get("odbcver") or 2))
    for found in ODBC_TYPES:
        code = found.code_for(version)
        if wanted in {0, code}:
            yield (
                found.name,
                code,
                found.precision,
                found.prefix,
                found.suffix,
                found.parameters,
                0 if found.name == "sysname" else 1,
                0,
                found.searchable,
                found.unsigned,
                found.money,
                found.identity,
                found.name,
                found.least_scale,
                found.most_scale,
                verbose_code(found),
                found.subcode,
                found.radix,
                None,
                0,
            )


_TABLE_ARGUMENTS: Final = ("table_name", "table_owner", "table_qualifier")
_COLUMN_ARGUMENTS: Final = (*_TABLE_ARGUMENTS, "column_name", "namescope", "odbcver", "fusepattern")
_STATISTICS_ARGUMENTS: Final = (*_TABLE_ARGUMENTS, "index_name", "is_unique", "accuracy")
_TYPE_ARGUMENTS: Final = ("data_type", "odbcver")
_Procedure = tuple[Sequence[str], Columns, Callable[[ViewContext, Arguments], Iterable[Row]]]
_PROCEDURES: Final[dict[str, _Procedure]] = {
    "sp_tables": ((*_TABLE_ARGUMENTS, "table_type", "fusepattern"), _TABLES_COLUMNS, _tables),
    "sp_columns": (_COLUMN_ARGUMENTS, (*_COLUMNS, *_SS_DATA_TYPE), _columns),
    "sp_columns_100": (_COLUMN_ARGUMENTS, _COLUMNS_100, _columns_100),
    "sp_pkeys": (_TABLE_ARGUMENTS, _KEY_COLUMNS, _primary_keys),
    "sp_statistics": (_STATISTICS_ARGUMENTS, _STATISTICS_COLUMNS, _statistics),
    "sp_statistics_100": (_STATISTICS_ARGUMENTS, _STATISTICS_COLUMNS, _statistics),
    "sp_datatype_info": (_TYPE_ARGUMENTS, _TYPE_COLUMNS, _type_information),
    "sp_datatype_info_100": (_TYPE_ARGUMENTS, _TYPE_COLUMNS, _type_information),
}
