"""Columns as COPY reads them from Parquet: what is refused, what is converted, and what is measured on the way.

Source of what COPY reads: azure-docs, data loading strategies for a dedicated SQL pool, Parquet data type mapping.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from job_run import RefusedError
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 - its usual name
from pyspark.sql import types as T  # noqa: N812 - its usual name

_PLAIN = frozenset({
    "boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "decimal", "string", "binary", "date",
    "timestamp", "timestamp_ntz",
})  # fmt: skip
_JSON = frozenset({"array", "map", "struct"})
_NESTED = (T.ArrayType, T.MapType, T.StructType)
_FRACTIONS = (T.FloatType, T.DoubleType)
_LONGEST_NVARCHAR = 4000
#: Options for timestamps in text: Spark's own formats stop at milliseconds.
TIMESTAMPS_AS_TEXT = {
    "timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
    "timestampNTZFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSS",
}


def check(frame: DataFrame, *, nested: str) -> None:
    """Refuse what COPY cannot load, each column by its name.

    :param nested: ``json`` where arrays, maps and structs become text; ``refuse`` where they are refused.
    :raises RefusedError: There is no column, two have one name, or a type cannot be loaded.
    """
    # Spark's own schema: pyspark's cannot hold every type.
    types = [(field.name(), field.dataType().simpleString()) for field in frame._jdf.schema().fields()]
    if not types:
        raise RefusedError("The source has no columns; a SELECT, a table or files with columns are needed.")
    names = Counter(name.lower() for name, _ in types)
    if twice := [name for name, _ in types if names[name.lower()] > 1]:
        shown = ", ".join(twice)
        raise RefusedError(f"Columns have the same name, but for upper and lower case: {shown}. Rename all but one.")
    accepted = _PLAIN | (_JSON if nested == "json" else frozenset())
    if refused := [f"{name} ({kind})" for name, kind in types if re.split(r"[(<]", kind)[0] not in accepted]:
        raise RefusedError(f"COPY has no type for these columns: {', '.join(refused)}. Cast them or leave them out.")


def convert(frame: DataFrame) -> DataFrame:
    """Return the same rows with nested values as JSON text and every timestamp as an instant of UTC."""
    return frame.select([_converted(field).alias(field.name) for field in frame.schema.fields])


def _converted(field: T.StructField) -> Column:
    column = column_named(field.name)
    if isinstance(field.dataType, _NESTED):
        return F.to_json(column, {**TIMESTAMPS_AS_TEXT, "ignoreNullFields": "false"})
    # Parquet files get these as microseconds, whatever the settings say.
    return column.cast("timestamp") if isinstance(field.dataType, T.TimestampNTZType) else column


def measurements(schema: T.StructType) -> dict[str, Column]:
    """Return what to count of converted columns, by name: the rows, longest values and values that are no numbers."""
    measures = {"rows": F.count(F.lit(1))}
    for position, field in enumerate(schema.fields):
        column = column_named(field.name)
        if isinstance(field.dataType, T.StringType):
            measures[f"max_length {position}"] = F.max(_nvarchar_length(column))
        elif isinstance(field.dataType, T.BinaryType):
            measures[f"max_length {position}"] = F.max(F.octet_length(column))
        elif isinstance(field.dataType, _FRACTIONS):
            measures[f"not_a_number {position}"] = F.count(F.when(~_is_number(column), column))
    return {name: column.alias(name) for name, column in measures.items()}


def _nvarchar_length(text: Column) -> Column:
    """Return a length that nvarchar needs at most: to count characters would cost a tenth of the time of writing them.

    UTF-8 never has fewer bytes than UTF-16 has code units, and for ASCII as many. Where the bytes are more than an
    nvarchar(n) can have, the code units are counted.
    """
    size = F.octet_length(text)
    units = F.octet_length(F.encode(text, "UTF-16BE")) / F.lit(2)
    return F.when(size <= F.lit(_LONGEST_NVARCHAR), size).otherwise(units.cast("int"))


def without_fractions_that_are_no_numbers(frame: DataFrame) -> DataFrame:
    """Return the same rows with NULL for NaN and infinity, which the pool does not have."""
    return frame.select(
        [
            F.when(_is_number(column_named(field.name)), column_named(field.name)).alias(field.name)
            if isinstance(field.dataType, _FRACTIONS)
            else column_named(field.name)
            for field in frame.schema.fields
        ]
    )


def _is_number(column: Column) -> Column:
    """Spark holds NaN for larger than infinity."""
    return F.abs(column) < F.lit(float("inf"))


def describe(schema: T.StructType, measured: Mapping[str, int | None]) -> list[dict[str, Any]]:
    """Return the columns for the manifest.

    ``max_length`` is that of the shortest varbinary or nvarchar that certainly holds every value: bytes, or code units
    of UTF-16, of which up to three times as many may be told as there are unless all text is ASCII, but never more than
    4000 if 4000 are enough. It is 0 where there is no value, and null for other types. ``not_a_number`` is how many
    values were no numbers, for fractions only.
    """
    columns = []
    for position, field in enumerate(schema.fields):
        column = {"name": field.name, "type": field.dataType.simpleString(), "nullable": field.nullable}
        length, odd = f"max_length {position}", f"not_a_number {position}"
        column["max_length"] = (measured[length] or 0) if length in measured else None
        columns.append({**column, "not_a_number": measured[odd]} if odd in measured else column)
    return columns


def column_named(name: str) -> Column:
    """Return the column of this name, whatever characters are in it."""
    return F.col("`{}`".format(name.replace("`", "``")))
