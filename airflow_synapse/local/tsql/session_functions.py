"""Functions that tell about the session, the server and the objects of the database."""

from __future__ import annotations

from typing import Final

from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql.function_call import FunctionCall, Signature
from airflow_synapse.local.tsql.type_rules import INT
from airflow_synapse.local.tsql.typed import Typed, quote_literal

_SYSNAME: Final = SqlType("nvarchar", 128)


def _value(value: str | int | None, found: SqlType) -> Typed:
    if value is None:
        return Typed(f"CAST(NULL AS {found.duckdb_name})", found)
    if isinstance(value, str):
        return Typed(quote_literal(value), found, value)
    return Typed(f"CAST({value} AS {found.duckdb_name})", found)


def _fact(found: SqlType = _SYSNAME) -> Signature:
    return Signature(lambda call: _value(call.session.fact(call.name), found))


def _literals(call: FunctionCall) -> list[str | int | None]:
    """Arguments of metadata functions are known before the query runs."""
    known: list[str | int | None] = []
    for index, argument in enumerate(call.arguments):
        if argument.type is None:
            known.append(None)
        else:
            literal = call.literal(index)
            known.append(int(literal) if argument.type.name == "int" else literal)
    return known


def _object_id(call: FunctionCall) -> Typed:
    name, *kind = _literals(call)
    if name is None:
        return _value(None, INT)
    return _value(call.session.object_id(str(name), str(kind[0]) if kind and kind[0] is not None else None), INT)


def _metadata(found: SqlType = _SYSNAME, least: int = 0, most: int = 3) -> Signature:
    def build(call: FunctionCall) -> Typed:
        return _value(call.session.object_property(call.name, _literals(call)), found)

    return Signature(build, least, most)


def _variable(call: FunctionCall) -> Typed:
    return call.session.variable(call.literal(0))


def _global(call: FunctionCall) -> Typed:
    return call.session.global_value(call.literal(0))


def _newid(_: FunctionCall) -> Typed:
    return Typed("uuid()", SqlType("uniqueidentifier"), nullable=False)


def _serverproperty(call: FunctionCall) -> Typed:
    """Assumption: SERVERPROPERTY is described as nvarchar(128), because the local pool has no sql_variant."""
    value = call.session.object_property("SERVERPROPERTY", _literals(call))
    return _value(None if value is None else str(value), _SYSNAME)


def _session_context(call: FunctionCall) -> Typed:
    """Assumption: SESSION_CONTEXT is described as nvarchar(4000), because the local pool has no sql_variant."""
    return _value(call.session.object_property("SESSION_CONTEXT", _literals(call)), SqlType("nvarchar", 4000))


FUNCTIONS: Final = {
    "VARIABLE": Signature(_variable, 1, 1),
    "GLOBAL": Signature(_global, 1, 1),
    "SESSION_ID": _fact(SqlType("nvarchar", 32)),
    "SUSER_SNAME": _fact(),
    "SUSER_NAME": _fact(),
    "SYSTEM_USER": _fact(),
    "SESSION_USER": _fact(),
    "CURRENT_USER": _fact(),
    "USER": _fact(),
    "USER_NAME": _fact(),
    "APP_NAME": _fact(),
    "HOST_NAME": _fact(),
    "XACT_STATE": _fact(SqlType("smallint")),
    "DB_NAME": _metadata(),
    "DB_ID": _metadata(SqlType("smallint")),
    "SCHEMA_NAME": _metadata(),
    "SCHEMA_ID": _metadata(INT),
    "OBJECT_NAME": _metadata(),
    "OBJECT_SCHEMA_NAME": _metadata(),
    "TYPE_NAME": _metadata(),
    "COL_NAME": _metadata(),
    "COLUMNPROPERTY": _metadata(INT),
    "DATABASEPROPERTYEX": _metadata(),
    "IS_ROLEMEMBER": _metadata(INT, 1, 2),
    "IS_MEMBER": _metadata(INT, 1, 1),
    "HAS_PERMS_BY_NAME": _metadata(INT, 3, 3),
    "OBJECT_ID": Signature(_object_id, 1, 2),
    "SERVERPROPERTY": Signature(_serverproperty, 1, 1),
    "SESSION_CONTEXT": Signature(_session_context, 1, 1),
    "NEWID": Signature(_newid),
}
