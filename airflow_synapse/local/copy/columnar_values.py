"""From columns of a Parquet or ORC file to columns of the target table.

Source: COPY reference 2026-05: values that are more precise than their column are truncated; errors of type conversion
fail the load, whatever MAXERRORS says. Assumption: A Parquet or
ORC value that is too long, or NULL where the column forbids it, fails the load too.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from airflow_synapse.local.copy.columns import LoadColumn
from airflow_synapse.local.copy.errors import copy_failed
from airflow_synapse.local.copy.tsql_values import arrow_type, text_length
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.sql_types import BINARY_TYPES, CHARACTER_TYPES, MAX, SqlType

_TINYINT_MAX: Final = 127
_DAY_MICROSECONDS: Final = 24 * 60 * 60 * 10**6
#: The first and the last day of a type.
_RANGES: Final = {
    "datetime": (date(1753, 1, 1), date(9999, 12, 31)),
    "smalldatetime": (date(1900, 1, 1), date(2079, 6, 6)),
}


def convert_column(values: pa.ChunkedArray, column: LoadColumn, file: str) -> pa.ChunkedArray:
    """Return ``values`` as the target column stores them.

    :param file: Name of the file, for messages.
    :raises PoolError: A value does not fit.
    """
    target = column.target
    try:
        converted = _converter(target.type)(values, target.type)
    except (pa.ArrowInvalid, OverflowError, _DoesNotFitError) as error:
        reason = str(error) if isinstance(error, _DoesNotFitError) else "arithmetic overflow"
        raise _invalid_value(column, file, reason) from None
    if column.default is not None and converted.null_count:
        converted = pc.fill_null(converted, pa.scalar(column.default, converted.type))
    if not target.nullable and converted.null_count:
        raise _invalid_value(column, file, "the column does not allow NULL")
    return converted


class _DoesNotFitError(ValueError):
    """A value does not fit; the message says why."""


def _invalid_value(column: LoadColumn, file: str, reason: str) -> PoolError:
    return copy_failed(
        f"file '{file}' holds an invalid value in column {column.field_number}: {reason}. "
        f"Column name: {column.target.name}, Expected data type: {str(column.target.type).upper()}."
    )


def _converter(sql_type: SqlType) -> Callable[[pa.ChunkedArray, SqlType], pa.ChunkedArray]:
    if sql_type.name in CHARACTER_TYPES:
        return _text
    if sql_type.name in BINARY_TYPES:
        return _bytes
    return _CONVERTERS.get(sql_type.name, _same)


def _same(values: pa.ChunkedArray, sql_type: SqlType) -> pa.ChunkedArray:
    return values.cast(arrow_type(sql_type))


def _text(values: pa.ChunkedArray, sql_type: SqlType) -> pa.ChunkedArray:
    """Keep text; lists and maps become JSON. Assumption: The text of a Parquet LIST or MAP is JSON."""
    if pa.types.is_nested(values.type):
        texts = [None if value is None else json.dumps(value, default=str) for value in values.to_pylist()]
        values = pa.chunked_array([pa.array(texts, pa.string())])
    values = values.cast(pa.string())
    if sql_type.length not in {None, MAX}:
        doubtful = values.filter(pc.greater(pc.binary_length(values), sql_type.length))
        if any(text_length(text, sql_type) > (sql_type.length or 0) for text in doubtful.to_pylist()):
            raise _DoesNotFitError("string or binary data would be truncated")
    return values


def _bytes(values: pa.ChunkedArray, sql_type: SqlType) -> pa.ChunkedArray:
    values = values.cast(pa.binary())
    longest = pc.max(pc.binary_length(values)).as_py() or 0
    if sql_type.length not in {None, MAX} and longest > (sql_type.length or 0):
        raise _DoesNotFitError("string or binary data would be truncated")
    return values


def _tinyint(values: pa.ChunkedArray, sql_type: SqlType) -> pa.ChunkedArray:
    """Source: designing ELT: tinyint values outside of 0 to 127 are not supported for Parquet and ORC."""
    if (pc.max(values).as_py() or 0) > _TINYINT_MAX:
        raise _DoesNotFitError("a tinyint outside of 0 to 127 is not supported for PARQUET and ORC")
    return _same(values, sql_type)


def _decimal(values: pa.ChunkedArray, sql_type: SqlType) -> pa.ChunkedArray:
    if not pa.types.is_decimal(values.type):  # an unsigned INT64
        values = values.cast(pa.decimal128(20, 0))
    if values.type.scale > (sql_type.scale or 0):
        values = pc.round(values, sql_type.scale or 0, round_mode="towards_zero")
    return _same(values, sql_type)


def _guid(values: pa.ChunkedArray, _: SqlType) -> pa.ChunkedArray:
    storage = [chunk.storage if isinstance(chunk, pa.ExtensionArray) else chunk for chunk in values.chunks]
    texts = [None if value is None else str(uuid.UUID(bytes=value)) for chunk in storage for value in chunk.to_pylist()]
    return pa.chunked_array([pa.array(texts, pa.string())])


def _time(values: pa.ChunkedArray, sql_type: SqlType) -> pa.ChunkedArray:
    microseconds = values.cast(pa.time64("us"), safe=False).cast(pa.int64())
    unit = 10 ** max(6 - _scale(sql_type), 0)
    return pc.multiply(pc.divide(microseconds, unit), unit).cast(pa.time64("us"))


def _datetime2(values: pa.ChunkedArray, sql_type: SqlType) -> pa.ChunkedArray:
    return _floored(_microseconds(values), 10 ** max(6 - _scale(sql_type), 0)).cast(arrow_type(sql_type))


def _smalldatetime(values: pa.ChunkedArray, sql_type: SqlType) -> pa.ChunkedArray:
    return _floored(_in_range(_microseconds(values), sql_type), 60 * 10**6).cast(arrow_type(sql_type))


def _datetime(values: pa.ChunkedArray, sql_type: SqlType) -> pa.ChunkedArray:
    """Floor to 1/300 second, shown as .000, .003 and .007."""
    microseconds = _in_range(_microseconds(values), sql_type)
    days = _floored(microseconds, _DAY_MICROSECONDS)
    three_hundredths = pc.divide(pc.multiply(pc.subtract(microseconds, days), 3), 10**4)
    milliseconds = pc.divide(pc.add(pc.multiply(three_hundredths, 10), 1), 3)
    return pc.add(days, pc.multiply(milliseconds, 10**3)).cast(arrow_type(sql_type))


def _in_range(microseconds: pa.ChunkedArray, sql_type: SqlType) -> pa.ChunkedArray:
    days = (day.toordinal() - date(1970, 1, 1).toordinal() for day in _RANGES[sql_type.name])
    first, last = (day * _DAY_MICROSECONDS for day in days)
    found = pc.min_max(microseconds).as_py()
    if found["min"] is not None and not first <= found["min"] <= found["max"] < last + _DAY_MICROSECONDS:
        raise _DoesNotFitError(f"the value is out of range for data type {sql_type.name}")
    return microseconds


def _microseconds(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return microseconds since 1970 UTC, without further digits."""
    if values.type.unit == "ns":
        return pc.divide(_floored(values.cast(pa.int64()), 1000), 1000)
    return values.cast(pa.timestamp("us", values.type.tz)).cast(pa.int64())


def _floored(values: pa.ChunkedArray, unit: int) -> pa.ChunkedArray:
    """Return the largest multiples of ``unit`` that are no larger; Arrow's division goes towards zero."""
    if unit == 1:
        return values
    multiples = pc.multiply(pc.divide(values, unit), unit)
    return pc.if_else(pc.greater(multiples, values), pc.subtract(multiples, unit), multiples)


def _scale(sql_type: SqlType) -> int:
    return 7 if sql_type.scale is None else sql_type.scale


_CONVERTERS: Final[Mapping[str, Callable[[pa.ChunkedArray, SqlType], pa.ChunkedArray]]] = {
    "tinyint": _tinyint,
    "decimal": _decimal,
    "uniqueidentifier": _guid,
    "time": _time,
    "datetime2": _datetime2,
    "datetimeoffset": _datetime2,
    "datetime": _datetime,
    "smalldatetime": _smalldatetime,
}
