"""From columns of text to columns of values, and to the rows that have none."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from airflow_synapse.local.copy.columns import LoadColumn, LoadPlan
from airflow_synapse.local.copy.csv_parts import Part
from airflow_synapse.local.copy.fast_values import fast_values
from airflow_synapse.local.copy.rejected_rows import Rejection
from airflow_synapse.local.copy.tsql_values import ConversionError, arrow_type, read_value, text_length
from airflow_synapse.local.sql_types import CHARACTER_TYPES, MAX


class CsvValues:
    """Converts the parts of a load.

    :param date_format: Such as ``mdy``.
    """

    def __init__(self, plan: LoadPlan, date_format: str) -> None:
        self._plan = plan
        self._date_format = date_format
        self._positions = {number: position for position, number in enumerate(plan.field_numbers)}

    def convert(self, part: Part) -> tuple[pa.Table, list[Rejection]]:
        """Return the rows that can be loaded, with the plan's columns, and the rejected ones in ascending order."""
        rejections = {row: Rejection(row, problem) for row, problem in part.problems.items()}
        arrays = []
        for column in self._plan.columns:
            texts = self._texts(column, part)
            values, failed = self._complete(column, texts, self._values(column, texts, part.row_count))
            for row, reason in failed.items():
                value = None if texts is None else texts[row].as_py()
                rejections.setdefault(row, Rejection(row, reason, column.field_number, column.target, value))
            arrays.append(values)
        table = pa.table(arrays, names=[column.target.name for column in self._plan.columns])
        if rejections:
            keep = [True] * part.row_count
            for row in rejections:
                keep[row] = False
            table = table.filter(pa.array(keep))
        return table, [rejections[row] for row in sorted(rejections)]

    def _texts(self, column: LoadColumn, part: Part) -> pa.ChunkedArray | None:
        return None if column.field_number is None else part.columns[self._positions[column.field_number]]

    def _values(self, column: LoadColumn, texts: pa.ChunkedArray | None, row_count: int) -> pa.ChunkedArray:
        """Return the column of values; NULL also where only the exact way can tell."""
        sql_type = column.target.type
        if texts is None:
            return pa.chunked_array([pa.nulls(row_count, arrow_type(sql_type))])
        if sql_type.name in CHARACTER_TYPES:
            return texts  # text is its own value
        return fast_values(texts, sql_type, self._date_format)

    def _complete(
        self, column: LoadColumn, texts: pa.ChunkedArray | None, values: pa.ChunkedArray
    ) -> tuple[pa.ChunkedArray, dict[int, str]]:
        """Return the column with the values that the fast way left open, and the reason of each failure by row."""
        failed: dict[int, str] = {}
        if texts is not None and values.null_count > texts.null_count:
            values = self._exact_values(column, texts, values, failed)
        if texts is not None and column.target.type.name in CHARACTER_TYPES:
            failed |= _too_long(column, texts)
        if column.default is not None and values.null_count:
            values = pc.fill_null(values, pa.scalar(column.default, values.type))
        if not column.target.nullable and values.null_count:
            rows = pc.indices_nonzero(pc.is_null(values)).to_pylist()
            failed = dict.fromkeys(rows, f"column '{column.target.name}' does not allow NULL") | failed
        return values, failed

    def _exact_values(
        self, column: LoadColumn, texts: pa.ChunkedArray, values: pa.ChunkedArray, failed: dict[int, str]
    ) -> pa.ChunkedArray:
        is_open = pc.and_(pc.is_null(values), pc.is_valid(texts)).combine_chunks()
        rows = pc.indices_nonzero(is_open).to_pylist()
        known: dict[str, object] = {}
        replacements = []
        for row, text in zip(rows, texts.filter(is_open).to_pylist(), strict=True):
            if text not in known:
                known[text] = self._exact_value(text, column)
            value = known[text]
            if isinstance(value, ConversionError):
                failed[row] = str(value)
                value = None
            replacements.append(value)
        array = values.combine_chunks()
        return pa.chunked_array([pc.replace_with_mask(array, is_open, pa.array(replacements, array.type))])

    def _exact_value(self, text: str, column: LoadColumn) -> object:
        try:
            return read_value(text, column.target.type, self._date_format)
        except ConversionError as error:
            return error


def _too_long(column: LoadColumn, texts: pa.ChunkedArray) -> dict[int, str]:
    """Find the texts that do not fit. No text has more characters, or UTF-16 units, than UTF-8 bytes."""
    limit = column.target.type.length
    if limit in {None, MAX}:
        return {}
    doubtful = pc.indices_nonzero(pc.greater(pc.binary_length(texts), limit)).to_pylist()
    return {
        row: "string or binary data would be truncated"
        for row in doubtful
        if text_length(texts[row].as_py(), column.target.type) > (limit or 0)
    }
