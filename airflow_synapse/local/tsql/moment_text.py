"""Text as a date or a time without a style: CAST reads it as COPY does, with DATEFORMAT mdy."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final

import duckdb
from duckdb.func import SPECIAL

from airflow_synapse.local.copy.tsql_dates import read_moment

#: DuckDB's name of :func:`moment_of`.
_FUNCTION: Final = "tsql_read_moment"


def moment_of(text: str | None, target: str) -> datetime | None:
    """Return what ``text`` says for a type, in UTC for datetimeoffset; None where it says nothing.

    An empty text is 1900-01-01. Source: T-SQL reference, CAST and CONVERT: date, time and datetime2 drop an offset.

    Assumption: A text with an offset other than zero is no datetime and no smalldatetime.

    :param target: Name of the type.
    """
    if text is None:
        return None
    moment = read_moment(text, "mdy") if text.strip(" ") else read_moment("19000101", "mdy")
    if moment is None or (moment.offset and target in {"datetime", "smalldatetime"}):
        return None
    west = timedelta(minutes=moment.offset or 0) if target == "datetimeoffset" else timedelta()
    try:
        return (
            datetime.combine(moment.day or date(1900, 1, 1), time()) + timedelta(microseconds=moment.ticks // 10) - west
        )
    except OverflowError:
        return None


def install(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the function known to the database."""
    connection.create_function(_FUNCTION, moment_of, ["VARCHAR", "VARCHAR"], "TIMESTAMP", null_handling=SPECIAL)
