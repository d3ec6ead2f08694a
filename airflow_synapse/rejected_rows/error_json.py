"""Read the ``error.json`` of serverless pools and Fabric, piece by piece: an object for each row.

Source: OPENROWSET for serverless SQL pools, ERRORFILE_LOCATION: each element has Error, Row, Column, Value and File.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from airflow_synapse.rejected_rows.reasons import Reason
from airflow_synapse.rejected_rows.text import LINE_BYTES, TextReader

_DECODER: Final = json.JSONDecoder()


def read_reasons(text: TextReader) -> Iterator[Reason]:
    """Yield the elements. A file that is no such array, or ends too early, is marked as damaged."""
    buffer = ""
    for chunk in text.chunks():
        buffer += chunk.decode()
        start = 0
        while (begin := buffer.find("{", start)) >= 0:
            try:
                element, start = _DECODER.raw_decode(buffer, begin)
            except (ValueError, RecursionError):  # the rest of it is in the next piece, or it is nothing of the kind
                start = begin
                break
            yield _reason_of(element)
        buffer = buffer[start:]
        if len(buffer) > LINE_BYTES:
            break
    text.is_damaged |= buffer.strip(" \t\r\n[],") != ""


def _reason_of(element: dict[str, Any]) -> Reason:
    row, file = element.get("Row"), element.get("File")
    return Reason(
        text=" ".join(str(element.get("Error", "")).split()),
        source_file=str(file) if file else None,
        source_row=row if isinstance(row, int) else None,
    )
