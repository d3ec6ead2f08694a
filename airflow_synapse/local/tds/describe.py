"""The result set of ``sp_describe_undeclared_parameters``.

A driver asks for it before it binds NULL or arrays of parameters. It reads the columns by position: exactly these, in
this order. Source: sp_describe_undeclared_parameters (Transact-SQL), result set.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from airflow_synapse.local.protocol import ResultColumn, Rows
from airflow_synapse.local.sql_types import CHARACTER_TYPES, MAX, SqlType
from airflow_synapse.local.tds.type_info import encode_type, time_scale, time_size

_INT: Final = SqlType("int")
_BIT: Final = SqlType("bit")
_TINYINT: Final = SqlType("tinyint")
_NAME: Final = SqlType("nvarchar", 128)
_COLUMNS: Final = (
    ResultColumn("parameter_ordinal", _INT, nullable=False),
    ResultColumn("name", _NAME, nullable=False),
    ResultColumn("suggested_system_type_id", _INT, nullable=False),
    ResultColumn("suggested_system_type_name", SqlType("nvarchar", 256)),
    ResultColumn("suggested_max_length", SqlType("smallint"), nullable=False),
    ResultColumn("suggested_precision", _TINYINT, nullable=False),
    ResultColumn("suggested_scale", _TINYINT, nullable=False),
    ResultColumn("suggested_user_type_id", _INT),
    ResultColumn("suggested_user_type_database", _NAME),
    ResultColumn("suggested_user_type_schema", _NAME),
    ResultColumn("suggested_user_type_name", _NAME),
    ResultColumn("suggested_assembly_qualified_type_name", SqlType("nvarchar", 4000)),
    ResultColumn("suggested_xml_collection_id", _INT),
    ResultColumn("suggested_xml_collection_database", _NAME),
    ResultColumn("suggested_xml_collection_schema", _NAME),
    ResultColumn("suggested_xml_collection_name", _NAME),
    ResultColumn("suggested_is_xml_document", _BIT, nullable=False),
    ResultColumn("suggested_is_case_sensitive", _BIT, nullable=False),
    ResultColumn("suggested_is_fixed_length_clr_type", _BIT, nullable=False),
    ResultColumn("suggested_is_input", _BIT, nullable=False),
    ResultColumn("suggested_is_output", _BIT, nullable=False),
    ResultColumn("formal_parameter_name", _NAME),
    ResultColumn("suggested_tds_type_id", _INT, nullable=False),
    ResultColumn("suggested_tds_length", _INT, nullable=False),
)
_ARROW: Final = {
    "int": pa.int32(), "smallint": pa.int16(), "tinyint": pa.uint8(), "bit": pa.bool_(), "nvarchar": pa.string(),
}  # fmt: skip

#: Type -> system type number, bytes, precision, scale. Source: sys.types.
_NUMBERS: Final = {
    "bit": (104, 1, 1, 0),
    "tinyint": (48, 1, 3, 0),
    "smallint": (52, 2, 5, 0),
    "int": (56, 4, 10, 0),
    "bigint": (127, 8, 19, 0),
    "real": (59, 4, 24, 0),
    "float": (62, 8, 53, 0),
    "smallmoney": (122, 4, 10, 4),
    "money": (60, 8, 19, 4),
    "date": (40, 3, 10, 0),
    "smalldatetime": (58, 4, 16, 0),
    "datetime": (61, 8, 23, 3),
    "uniqueidentifier": (36, 16, 0, 0),
    "char": (175, 1, 0, 0),
    "varchar": (167, 1, 0, 0),
    "nchar": (239, 2, 0, 0),
    "nvarchar": (231, 2, 0, 0),
    "binary": (173, 1, 0, 0),
    "varbinary": (165, 1, 0, 0),
}
#: Type -> system type number, bytes beside the time of day, digits before the fraction, with the point behind them.
_TIMES: Final = {"time": (41, 0, 9), "datetime2": (42, 3, 20), "datetimeoffset": (43, 5, 27)}


def describe(parameters: Sequence[tuple[str, SqlType]]) -> Rows:
    """Return the result set for these parameters."""
    lines = [_describe(ordinal, name, sql_type) for ordinal, (name, sql_type) in enumerate(parameters, 1)]
    arrays = [
        pa.array([line[index] for line in lines], _ARROW[column.type.name]) for index, column in enumerate(_COLUMNS)
    ]
    return Rows(_COLUMNS, iter([pa.RecordBatch.from_arrays(arrays, [column.name for column in _COLUMNS])]))


def _describe(ordinal: int, name: str, sql_type: SqlType) -> tuple[object, ...]:
    number, length, precision, scale = _size(sql_type)
    wire_type = encode_type(sql_type)[0]
    no_user_type_no_xml = (None,) * 9
    is_document, is_case_sensitive, is_fixed_length, is_input, is_output = False, False, False, True, False
    flags = (is_document, is_case_sensitive, is_fixed_length, is_input, is_output)
    wire_length = 65535 if length == MAX else length
    head = (ordinal, name, number, str(sql_type), length, precision, scale)
    return (*head, *no_user_type_no_xml, *flags, None, wire_type, wire_length)


def _size(sql_type: SqlType) -> tuple[int, int, int, int]:
    """Return system type number, bytes (-1 for max), precision and scale."""
    name = sql_type.name
    if name == "decimal":
        precision = sql_type.precision or 18
        return 106, encode_type(sql_type)[1], precision, sql_type.scale or 0
    if name in _TIMES:
        number, more_bytes, digits = _TIMES[name]
        scale = time_scale(sql_type)
        return number, time_size(scale) + more_bytes, digits + scale - (scale == 0), scale
    number, width, precision, scale = _NUMBERS[name]
    if name in CHARACTER_TYPES | {"binary", "varbinary"}:
        length = sql_type.length or 8000 // width
        return number, MAX if length == MAX else length * width, precision, scale
    return number, width, precision, scale
