"""Read columns of text with Arrow, many texts at a time, where it is sure to be right.

A value is NULL for every text of which that is not sure; :mod:`.tsql_values` decides about those. So whatever is
returned here must equal what :func:`~.tsql_values.read_value` returns; a property test compares the two.

Arrow's own casts take more than T-SQL does (``0x1F`` as an integer, ``nan``, a time without seconds). So a text is cast
only where it has the form of its type: that is quickly seen where a whole column has no other characters and lengths,
else a pattern finds the texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from airflow_synapse.local.copy.tsql_values import arrow_type
from airflow_synapse.local.sql_types import SqlType

#: Texts that are not cast any more when one of them is no value.
_FEWEST: Final = 16


@dataclass(frozen=True, slots=True)
class _Form:
    """Texts that Arrow reads as T-SQL does, or refuses.

    :param characters: All that they are made of. Of texts that hold no others, and have the right lengths, Arrow takes
        only those that match the pattern.
    :param pattern: What they look like, each by itself.
    """

    characters: bytes
    pattern: str
    shortest: int = 0
    longest: int | None = None


_DIGITS: Final = b"0123456789"
_INTEGER: Final = _Form(_DIGITS + b"-", "-?[0-9]+")
_DECIMAL: Final = _Form(_DIGITS + b"-.", "-?[0-9]+([.][0-9]*)?")
_FLOAT: Final = _Form(_DIGITS + b"+-.eE", "[+-]?[0-9]+([.][0-9]*)?([eE][+-]?[0-9]+)?")
_MOMENT: Final = _Form(_DIGITS + b"-: ", "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", 19, 19)
_FORMS: Final[Mapping[str, _Form]] = {
    "bit": _Form(b"01", "[01]", 1, 1),
    "tinyint": _INTEGER,
    "smallint": _INTEGER,
    "int": _INTEGER,
    "bigint": _INTEGER,
    "decimal": _DECIMAL,
    "money": _DECIMAL,
    "smallmoney": _DECIMAL,
    "real": _FLOAT,
    "float": _FLOAT,
    "date": _Form(_DIGITS + b"-", "[0-9]{4}-[0-9]{2}-[0-9]{2}", 10, 10),
    "datetime": _MOMENT,
    "smalldatetime": _MOMENT,
}
_GUID: Final = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
#: What Arrow reads first: it cannot read a time, and rounds a float of four bytes otherwise than the exact way.
_READ_AS: Final = {"time": pa.timestamp("us"), "real": pa.float64()}
#: The least and the greatest value of which the fast way is sure, as Arrow reads them.
_BOUNDS: Final[Mapping[str, tuple[str, str]]] = {
    "money": (str(-(2**63) // 10**4), str(2**63 // 10**4)),
    "smallmoney": (str(-(2**31) // 10**4), str(2**31 // 10**4)),
    "date": ("0001-01-01", "9999-12-31"),
    "datetime2": ("0001-01-01", "9999-12-31 23:59:59.999999"),
    "datetime": ("1753-01-01", "9999-12-31 23:59:59"),
    "smalldatetime": ("1900-01-01", "2079-06-06 23:59:59"),
}
#: Makes a moment, which Arrow can read, of a time, which it cannot.
_SOME_DAY: Final = "1970-01-01 "


def fast_values(texts: pa.ChunkedArray, sql_type: SqlType, date_format: str) -> pa.ChunkedArray:
    """Return the values of a column of text, in a type that is no character type.

    :param date_format: Such as ``mdy``.
    """
    name, result_type = sql_type.name, arrow_type(sql_type)
    if name == "uniqueidentifier":
        return _only(texts, pc.match_substring_regex(texts, _GUID))
    form = _form(sql_type)
    if form is None or ("date" in name and date_format == "ydm"):
        return pa.chunked_array([pa.nulls(len(texts), result_type)])
    if name == "time":
        texts = pc.binary_join_element_wise(_SOME_DAY, texts, "")
    if not _have_form(texts, form):
        texts = _only(texts, pc.match_substring_regex(texts, f"^({form.pattern})$"))
    values = _cast(texts, _READ_AS.get(name, result_type)).cast(result_type)
    if name in {"real", "float"}:
        return _only(values, pc.is_finite(values))
    if name in _BOUNDS:
        low, high = (pa.scalar(bound).cast(result_type) for bound in _BOUNDS[name])
        values = _only(values, pc.and_(pc.greater_equal(values, low), pc.less_equal(values, high)))
    return pc.floor_temporal(values, unit="minute") if name == "smalldatetime" else values


def _form(sql_type: SqlType) -> _Form | None:
    """Return the form of the texts; fractions of seconds have no digit that would be cut off."""
    if sql_type.name not in {"time", "datetime2"}:
        return _FORMS.get(sql_type.name)
    digits = min(7 if sql_type.scale is None else sql_type.scale, 6)
    if not digits:
        return _MOMENT
    pattern = f"{_MOMENT.pattern}([.][0-9]{{1,{digits}}})?"
    return _Form(_MOMENT.characters + b".", pattern, _MOMENT.shortest, _MOMENT.shortest + 1 + digits)


def _have_form(texts: pa.ChunkedArray, form: _Form) -> bool:
    if form.longest is not None:
        lengths = pc.min_max(pc.binary_length(texts)).as_py()
        if lengths["min"] is not None and (lengths["min"] < form.shortest or lengths["max"] > form.longest):
            return False
    return _has_only(texts, form.characters)


def _has_only(texts: pa.ChunkedArray, characters: bytes) -> bool:
    """Whether the texts hold no other characters. Their bytes are looked at as one string, which is very fast."""
    for chunk in texts.chunks:
        _, offsets, held = chunk.buffers()
        if held is None or not len(chunk):
            continue
        ends = memoryview(offsets).cast("i")
        used = memoryview(held)[ends[chunk.offset] : ends[chunk.offset + len(chunk)]]
        if bytes(used).translate(None, characters):
            return False
    return True


def _cast(texts: pa.ChunkedArray, result_type: pa.DataType) -> pa.ChunkedArray:
    pieces = [piece for chunk in texts.chunks for piece in _cast_pieces(chunk, result_type)]
    return pa.chunked_array(pieces, result_type)


def _cast_pieces(texts: pa.Array, result_type: pa.DataType) -> list[pa.Array]:
    """Cast; a text that is no value, such as one too large, makes NULL of those right beside it only."""
    try:
        return [texts.cast(result_type)]
    except pa.ArrowInvalid:
        if len(texts) <= _FEWEST:
            return [pa.nulls(len(texts), result_type)]
    half = len(texts) // 2
    return _cast_pieces(texts[:half], result_type) + _cast_pieces(texts[half:], result_type)


def _only(values: pa.ChunkedArray, are_sure: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the values that are sure, and NULL for the others."""
    return pc.if_else(are_sure, values, pa.scalar(None, values.type))
