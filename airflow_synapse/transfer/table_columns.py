"""The table that a transfer makes where it is missing, as the operator's ``create_table`` argument describes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_synapse.schema.sql_types import MAX, SqlType
from airflow_synapse.transfer.manifest import StagedColumn
from airflow_synapse.transfer.spark_types import column_definition


def with_columns(create_table: Mapping[str, Any] | None, columns: Sequence[StagedColumn]) -> dict[str, Any]:
    """Return ``create_table`` with the columns of the staged files, unless it lists columns itself.

    A columnstore takes no text or binary value longer than 8,000 bytes: a table with such a column is a heap, unless
    the user says otherwise.

    :raises TransferOptionError: COPY has no type for a column.
    :raises CopyOptionError: ``string_type`` cannot be read.
    """
    given = dict(create_table or {})
    if given.get("columns") is not None:
        return given
    text = given.pop("string_type", None)
    string_type = SqlType.parse(text, option="string_type") if text else None
    definitions = [column_definition(column, string_type) for column in columns]
    if any(definition.type.length == MAX for definition in definitions):
        given.setdefault("index", "HEAP")
    given["columns"] = [{"name": each.name.quoted, "type": str(each.type)} for each in definitions]
    return given
