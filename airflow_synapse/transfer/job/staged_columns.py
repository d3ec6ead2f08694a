"""Columns as COPY reads them from Parquet: what is refused, what is converted, and what is measured on the way.

Source of what COPY reads: azure-docs, data loading strategies for a dedicated SQL pool, Parquet data type mapping.

A Column that Python builds costs a call into the JVM for each function and name in it. So columns stay untouched where
nothing is to be done to them, and what is done is SQL text: a frame of many columns would take seconds otherwise.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from job_run import RefusedError
from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F  # noqa: N812 - its usual name
from pyspark.sql import types as T  # noqa: N812 - its usual name

#: Types by their names in the JSON of a schema.
_PLAIN = frozenset({
    "boolean", "byte", "short", "integer", "long", "float", "double", "decimal", "string", "binary", "date",
    "timestamp", "timestamp_ntz",
})  # fmt: skip
_JSON = frozenset({"array", "map", "struct"})
_NESTED = (T.ArrayType, T.MapType, T.StructType)
_FRACTIONS = (T.FloatType, T.DoubleType)
_LONGEST_NVARCHAR = 4000
_MEASURED = "measured"
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
    schema = frame._jdf.schema()  # Spark's own: pyspark's cannot hold every type
    fields = json.loads(schema.json())["fields"]
    if not fields:
        raise RefusedError("The source has no columns; a SELECT, a table or files with columns are needed.")
    names = Counter(field["name"].lower() for field in fields)
    if twice := [field["name"] for field in fields if names[field["name"].lower()] > 1]:
        shown = ", ".join(twice)
        raise RefusedError(f"Columns have the same name, but for upper and lower case: {shown}. Rename all but one.")
    accepted = _PLAIN | (_JSON if nested == "json" else frozenset())
    if refused := [
        f"{field['name']} ({schema.apply(position).dataType().simpleString()})"
        for position, field in enumerate(fields)
        if _kind(field["type"]) not in accepted
    ]:
        raise RefusedError(f"COPY has no type for these columns: {', '.join(refused)}. Cast them or leave them out.")


def _kind(data_type: str | dict[str, Any]) -> str:
    """Return the name of a type, as the JSON of a schema has it, without what it is made of."""
    name: str = data_type if isinstance(data_type, str) else data_type["type"]
    return name.partition("(")[0]


def convert(frame: DataFrame) -> DataFrame:
    """Return the same rows with nested values as JSON text and every timestamp as an instant of UTC."""
    converted = {field.name: _converted(field) for field in frame.schema.fields}
    return _with({name: column for name, column in converted.items() if column is not None}, frame)


def _converted(field: T.StructField) -> Column | None:
    """Return what a column becomes; None where it stays as it is."""
    if isinstance(field.dataType, _NESTED):
        return F.to_json(column_named(field.name), {**TIMESTAMPS_AS_TEXT, "ignoreNullFields": "false"})
    if isinstance(field.dataType, T.TimestampNTZType):
        # Parquet files get these as microseconds, whatever the settings say.
        return column_named(field.name).cast("timestamp")
    return None


def measurements(schema: T.StructType) -> Column:
    """Return what to count of converted columns: the rows, longest values and values that are no numbers.

    All of it is one aggregate, the text of a JSON object: each costs the job many calls to read.
    """
    measures = {"rows": "count(1)"}
    for position, field in enumerate(schema.fields):
        column = _quoted(field.name)
        if isinstance(field.dataType, T.StringType):
            measures[f"max_length {position}"] = f"max({_nvarchar_length(column)})"
        elif isinstance(field.dataType, T.BinaryType):
            measures[f"max_length {position}"] = f"max(octet_length({column}))"
        elif isinstance(field.dataType, _FRACTIONS):
            measures[f"not_a_number {position}"] = f"count_if(NOT {_is_number(column)})"
    members = ", ".join(f"'{name}', {measure}" for name, measure in measures.items())
    return F.expr(f"to_json(named_struct({members}), map('ignoreNullFields', 'false'))").alias(_MEASURED)


def measured(observation: Observation) -> dict[str, int | None]:
    """Return what was counted, by name; waits for the end of the query."""
    found: dict[str, int | None] = json.loads(observation.get[_MEASURED])
    return found


def _nvarchar_length(text: str) -> str:
    """Return a length that nvarchar needs at most: to count characters would cost a tenth of the time of writing them.

    UTF-8 never has fewer bytes than UTF-16 has code units, and for ASCII as many. Where the bytes are more than an
    nvarchar(n) can have, the code units are counted.
    """
    size = f"octet_length({text})"
    units = f"CAST(octet_length(encode({text}, 'UTF-16BE')) / 2 AS int)"
    return f"CASE WHEN {size} <= {_LONGEST_NVARCHAR} THEN {size} ELSE {units} END"


def without_fractions_that_are_no_numbers(frame: DataFrame) -> DataFrame:
    """Return the same rows with NULL for NaN and infinity, which the pool does not have."""
    fractions = [field.name for field in frame.schema.fields if isinstance(field.dataType, _FRACTIONS)]
    return _with(
        {name: F.expr(f"CASE WHEN {_is_number(_quoted(name))} THEN {_quoted(name)} END") for name in fractions}, frame
    )


def _with(columns: dict[str, Column], frame: DataFrame) -> DataFrame:
    return frame.withColumns(columns) if columns else frame


def _is_number(column: str) -> str:
    """Spark holds NaN for larger than infinity."""
    return f"abs({column}) < double('Infinity')"


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
    return F.col(_quoted(name))


def _quoted(name: str) -> str:
    return "`{}`".format(name.replace("`", "``"))
