"""DuckDB's errors as the numbers that a pool gives. No text of a statement or a value gets into a message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import duckdb
import pyarrow as pa

from airflow_synapse.local.errors import PoolError, StatementCancelled

_RAISED: Final = re.compile(r"(\d{3,6})\|([^\n]*)")
#: What DuckDB says -> number and text, with the groups of the pattern. The first that fits counts.
_TEXTS: Final = (
    (
        re.compile(r'NOT NULL constraint failed: (?:[^\n]*\.)?"?(?P<column>[^."\n]+)'),
        515,
        "Cannot insert the value NULL into column '{column}'; the column does not allow nulls.",
    ),
    (
        re.compile(r'column "(?P<column>[^"\n]+)" must appear in the GROUP BY'),
        8120,
        "Column '{column}' is invalid in the select list because it is not in an aggregate function or the GROUP BY "
        "clause.",
    ),
    (  # two sessions create one name at once, and the other was first
        re.compile(r'Table with name "(?P<name>[^"\n]+)" already exists'),
        2714,
        "There is already an object named '{name}' in the database.",
    ),
    (re.compile(r"[Dd]ivision by zero"), 8134, "Divide by zero error encountered."),
    (
        re.compile(r"Overflow|[Oo]ut of [Rr]ange|out of range"),
        8115,
        "Arithmetic overflow error converting to the type.",
    ),
    (re.compile(r"Could not cast value .* to DECIMAL"), 8115, "Arithmetic overflow error converting to numeric."),
    (re.compile(r"More than one row returned by a subquery"), 512, "Subquery returned more than 1 value."),
    (re.compile(r"Could not convert|Conversion Error|Failed to cast"), 245, "Conversion failed."),
    (re.compile(r"[Cc]onflict"), 1205, "The transaction met a change of another one. Rerun the transaction."),
    (re.compile(r"Out of Memory"), 701, "There is insufficient memory to run this query."),
)


@contextmanager
def translated() -> Iterator[None]:
    """Turn what DuckDB and Arrow raise inside into :class:`PoolError` or :class:`StatementCancelled`."""
    try:
        yield
    except (duckdb.Error, OSError, pa.ArrowException) as error:
        raise _translation(str(error)) from None


def _translation(text: str) -> PoolError | StatementCancelled:
    if "INTERRUPT" in text or "Interrupted" in text:
        return StatementCancelled()
    raised = _RAISED.search(text)
    if raised:
        return PoolError(int(raised[1]), raised[2].strip())
    for pattern, number, message in _TEXTS:
        if match := pattern.search(text):
            return PoolError(number, message.format(**match.groupdict()))
    # Assumption: What DuckDB refuses for a reason that has no T-SQL number is reported with number 103010.
    kind = text.split(":", 1)[0][:60]
    return PoolError(103010, f"The local pool cannot run this statement ({kind}).")
