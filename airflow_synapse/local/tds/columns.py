"""Arrow columns to cells: each T-SQL type has its own bytes.

Source: [MS-TDS] 2.2.5.5, data type dependent value formats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from airflow_synapse.local.arrow_types import ARROW_TYPES
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.protocol import ResultColumn
from airflow_synapse.local.sql_types import BINARY_TYPES, CHARACTER_TYPES, SqlType
from airflow_synapse.local.tds.cells import Bytes, Cells
from airflow_synapse.local.tds.text_columns import contents, encode_text
from airflow_synapse.local.tds.type_info import decimal_size, time_scale, time_size

Valid = NDArray[np.bool_]

_MICROSECONDS_OF_DAY: Final = 86_400_000_000
_DAYS_TO_1970: Final = 719_162  # from 0001-01-01
_DAYS_1900_TO_1970: Final = 25_567
_TEN: Final = [10**power for power in range(8)]


def encode_column(column: ResultColumn, array: pa.Array) -> Cells:
    """Return the cells of one column.

    :raises PoolError: A value does not fit the declared type.
    """
    valid = None if not array.null_count else np.asarray(array.is_valid())
    if column.type.name in CHARACTER_TYPES | BINARY_TYPES:
        return encode_text(column, array, valid)
    values = _ENCODERS[column.type.name](column.type, _fit(column, array))
    head = np.empty((len(values), values.shape[1] + 1), np.uint8)
    head[:, 0] = values.shape[1]
    head[:, 1:] = values
    return Cells(head, valid)


def _fit(column: ResultColumn, array: pa.Array) -> pa.Array:
    """Cast to the one Arrow type that the encoder of the column reads."""
    wanted = _ARROW_TYPES.get(column.type.name) or pa.decimal128(column.type.precision or 18, column.type.scale or 0)
    if array.type == wanted or (pa.types.is_timestamp(array.type) and array.type.unit == "us"):
        return array
    try:
        return array.cast(wanted)
    except pa.ArrowInvalid as error:
        raise PoolError(
            8115, f"Arithmetic overflow error converting column '{column.name}' to data type {column.type}."
        ) from error


def _numbers(array: pa.Array, dtype: str) -> NDArray[Any]:
    """Return the values without copying; those of NULLs are arbitrary."""
    buffer = array.buffers()[1]
    if buffer is None or not len(array):
        return np.zeros(len(array), dtype)
    item = np.dtype(dtype).itemsize
    return np.frombuffer(buffer, dtype, len(array), array.offset * item)


def _bytes(numbers: NDArray[Any], width: int | None = None) -> Bytes:
    """Return each number as a row of its lowest ``width`` bytes."""
    rows = np.ascontiguousarray(numbers).view(np.uint8).reshape(len(numbers), -1)
    return rows if width is None else rows[:, :width]


def _plain(dtype: str) -> Callable[[SqlType, pa.Array], Bytes]:
    return lambda _type, array: _bytes(_numbers(array, dtype))


def _bit(_type: SqlType, array: pa.Array) -> Bytes:
    return _bytes(_numbers(array.cast(pa.uint8()), "u1"))


def _decimal(sql_type: SqlType, array: pa.Array) -> Bytes:
    low_and_high = _numbers(array, "<u8,<u8")
    low, high = low_and_high["f0"], low_and_high["f1"]
    negative = high >> 63 != 0
    rows = np.empty((len(array), 17), np.uint8)
    rows[:, 0] = ~negative
    rows[:, 1:9] = _bytes(np.where(negative, -low, low))  # two's complement: invert and add one
    rows[:, 9:] = _bytes(np.where(negative, ~high + (low == 0), high))
    return rows[:, : decimal_size(sql_type.precision or 18) + 1]


def _money(_type: SqlType, array: pa.Array) -> Bytes:
    units = _low_halves(array)
    return _bytes(np.stack((units >> 32, units & 0xFFFFFFFF), axis=1).astype("<u4"))


def _small_money(_type: SqlType, array: pa.Array) -> Bytes:
    return _bytes(_low_halves(array).astype("<i4"))


def _low_halves(array: pa.Array) -> NDArray[np.int64]:
    low: NDArray[np.int64] = _numbers(array, "<i8,<i8")["f0"]
    return low


def _date(_type: SqlType, array: pa.Array) -> Bytes:
    return _day(_numbers(array, "<i4").astype(np.int64))


def _day(days_since_1970: NDArray[np.int64]) -> Bytes:
    return _bytes(days_since_1970 + _DAYS_TO_1970, 3)


def _time(sql_type: SqlType, array: pa.Array) -> Bytes:
    return _time_of_day(sql_type, _numbers(array, "<i8"))


def _time_of_day(sql_type: SqlType, microseconds: NDArray[np.int64]) -> Bytes:
    scale = time_scale(sql_type)
    units = microseconds * 10 if scale == 7 else microseconds // _TEN[6 - scale]
    return _bytes(units, time_size(scale))


def _datetime2(sql_type: SqlType, array: pa.Array) -> Bytes:
    days, microseconds = _split(array)
    return np.concatenate((_time_of_day(sql_type, microseconds), _day(days)), axis=1)


def _datetimeoffset(sql_type: SqlType, array: pa.Array) -> Bytes:
    # The moment in UTC; DuckDB does not keep the offset that was written, so it is always 0.
    moment = _datetime2(sql_type, array)
    return np.concatenate((moment, np.zeros((len(array), 2), np.uint8)), axis=1)


def _datetime(_type: SqlType, array: pa.Array) -> Bytes:
    days, microseconds = _split(array)
    ticks = (microseconds * 3 + 5000) // 10_000  # 300 a second
    return _bytes(np.stack((days + _DAYS_1900_TO_1970, ticks), axis=1).astype("<i4"))


def _small_datetime(_type: SqlType, array: pa.Array) -> Bytes:
    days, microseconds = _split(array)
    minutes = microseconds // 60_000_000
    return _bytes(np.stack((days + _DAYS_1900_TO_1970, minutes), axis=1).astype("<u2"))


def _split(array: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.divmod(_numbers(array, "<i8"), _MICROSECONDS_OF_DAY)


def _guid(_type: SqlType, array: pa.Array) -> Bytes:
    # 36 characters; NULLs are filled to keep the rows equal.
    signs, offsets = contents(array.fill_null("0" * 36))
    if np.any(np.diff(offsets) != 36):
        raise PoolError(8169, "Conversion failed when converting from a character string to uniqueidentifier.")
    nibbles = _NIBBLES[signs.reshape(-1, 36)[:, _GUID_DIGITS]]
    return np.left_shift(nibbles[:, ::2], 4, dtype=np.uint8)[:, _GUID_ORDER] | nibbles[:, 1::2][:, _GUID_ORDER]


_GUID_DIGITS: Final = [index for index, sign in enumerate("01234567-0123-0123-0123-012345678901") if sign != "-"]
_GUID_ORDER: Final = [3, 2, 1, 0, 5, 4, 7, 6, *range(8, 16)]  # the first three groups are little-endian
_NIBBLES: Final = np.zeros(256, np.uint8)  # by the code of a hexadecimal digit
_NIBBLES[np.frombuffer(b"0123456789abcdef", np.uint8)] = range(16)
_NIBBLES[np.frombuffer(b"ABCDEF", np.uint8)] = range(10, 16)

_ARROW_TYPES: Final = {**ARROW_TYPES, "uniqueidentifier": pa.large_string()}
_ENCODERS: Final[dict[str, Callable[[SqlType, pa.Array], Bytes]]] = {
    "bit": _bit,
    "tinyint": _plain("u1"),
    "smallint": _plain("<i2"),
    "int": _plain("<i4"),
    "bigint": _plain("<i8"),
    "real": _plain("<f4"),
    "float": _plain("<f8"),
    "decimal": _decimal,
    "money": _money,
    "smallmoney": _small_money,
    "date": _date,
    "time": _time,
    "smalldatetime": _small_datetime,
    "datetime": _datetime,
    "datetime2": _datetime2,
    "datetimeoffset": _datetimeoffset,
    "uniqueidentifier": _guid,
}
