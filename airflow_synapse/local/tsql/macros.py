"""DuckDB macros for what T-SQL does and DuckDB has no function for."""

from __future__ import annotations

from typing import Final

import duckdb

_TRUNCATED: Final = "8152|String or binary data would be truncated."
_UNDEFINED: Final = "3623|An invalid floating point operation occurred."
_TOO_LARGE: Final = "8115|Arithmetic overflow error converting expression to data type float."
_DIVIDED: Final = "8134|Divide by zero error encountered."

#: Statement after statement; names begin with ``tsql_``.
MACROS: Final = (
    # Text with digits only is an integer; an empty text is 0. Source: CAST and CONVERT reference.
    """tsql_try_integer(t) AS CASE WHEN trim(t) = '' THEN 0::HUGEINT
    WHEN regexp_full_match(trim(t), '[+-]?[0-9]{1,37}') THEN TRY_CAST(trim(t) AS HUGEINT) END""",
    """tsql_try_bit(t) AS CASE WHEN lower(trim(t)) = 'true' THEN true WHEN lower(trim(t)) IN ('false', '') THEN false
    WHEN regexp_full_match(trim(t), '[+-]?[0-9]+') THEN regexp_matches(t, '[1-9]') END""",
    # What DuckDB reads beyond these, such as nan and 1_000, is no number. Source: T-SQL reference, Constants.
    """tsql_try_decimal(t) AS CASE WHEN regexp_full_match(trim(t), '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)')
    THEN trim(t) END""",
    """tsql_try_money(t) AS CASE WHEN regexp_full_match(trim(t),
    '([+-]?[$£¥€]?|[$£¥€][+-])([0-9][0-9,]*[.]?[0-9]*|[.][0-9]+)')
    THEN regexp_replace(trim(t), '[$£¥€,]', '', 'g') END""",
    """tsql_try_float(t) AS CASE WHEN regexp_full_match(trim(t), '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?')
    AND isfinite(TRY_CAST(trim(t) AS DOUBLE)) THEN TRY_CAST(trim(t) AS DOUBLE) END""",
    """tsql_try_iso(t) AS CASE WHEN trim(t) = '' THEN TIMESTAMP '1900-01-01'
    WHEN regexp_matches(trim(t), '^[0-9]{4}-') THEN TRY_CAST(trim(t) AS TIMESTAMP)
    WHEN regexp_matches(trim(t), '^[0-9]{1,2}:') THEN DATE '1900-01-01' + TRY_CAST(trim(t) AS TIME) END""",
    """tsql_try_time(t) AS CASE WHEN regexp_matches(trim(t), '^[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?$')
    THEN TRY_CAST(CASE WHEN length(trim(t)) <= 5 THEN trim(t) || ':00' ELSE trim(t) END AS TIME)
    ELSE CAST(tsql_try_iso(t) AS TIME) END""",
    "tsql_datetime(m) AS make_timestamp(CAST(round(round(epoch_us(m) * 3 / 10000.0) * 10 / 3.0) AS BIGINT) * 1000)",
    "tsql_datetime2(m, unit) AS make_timestamp(CAST(round(epoch_us(m) / unit) AS BIGINT) * CAST(unit AS BIGINT))",
    "tsql_time(t, unit) AS CAST(tsql_datetime2(DATE '1900-01-01' + t, unit) AS TIME)",
    # A character outside the basic plane counts twice, as in UTF-16.
    r"tsql_length(t) AS length(t) + length(regexp_replace(t, '[\x{0}-\x{FFFF}]', '', 'g'))",
    # Only blanks may be cut off silently.
    f"""tsql_fit(t, n) AS CASE WHEN t IS NULL OR tsql_length(t) <= n THEN t
    WHEN tsql_length(rtrim(t, ' ')) <= n THEN left(t, n) ELSE error('{_TRUNCATED}') END""",
    f"tsql_fit_binary(b, n) AS CASE WHEN b IS NULL OR octet_length(b) <= n THEN b ELSE error('{_TRUNCATED}') END",
    # A list of one value lets a value be named: as an argument it would be written, and evaluated, more than once.
    """tsql_within(value, low, high, message) AS list_transform([value], lambda v:
    CASE WHEN v BETWEEN low AND high THEN v WHEN v IS NOT NULL THEN error(message) END)[1]""",
    """tsql_try_within(value, low, high) AS
    list_transform([value], lambda v: CASE WHEN v BETWEEN low AND high THEN v END)[1]""",
    """tsql_shown(value, n, instead) AS list_transform([value], lambda t:
    CASE WHEN length(t) <= n THEN t WHEN t IS NOT NULL THEN instead END)[1]""",
    # What is not finite is undefined where an argument is outside of a function's domain, else it is too large.
    f"""tsql_defined(value) AS list_transform([value], lambda v:
    CASE WHEN isfinite(v) THEN v WHEN v IS NOT NULL THEN error('{_UNDEFINED}') END)[1]""",
    f"""tsql_finite(value) AS list_transform([value], lambda v:
    CASE WHEN isinf(v) THEN error('{_TOO_LARGE}') ELSE tsql_defined(v) END)[1]""",
    f"tsql_divisor(d) AS CASE WHEN d = 0 THEN error('{_DIVIDED}') ELSE d END",
    # As many blanks at the end of the value count as the pattern has there.
    """tsql_like(v, p) AS v ILIKE p
    OR left(v, length(rtrim(v, ' ')) + length(p) - length(rtrim(p, ' '))) ILIKE p""",
    r"""tsql_replace(t, old, new) AS CASE WHEN old = '' THEN t
    ELSE regexp_replace(t, regexp_escape(old), replace(new, '\', '\\'), 'gi') END""",
    """tsql_charindex(needle, t, start) AS
    CASE WHEN strpos(lower(substr(t, greatest(start, 1))), lower(needle)) = 0 THEN 0
    ELSE strpos(lower(substr(t, greatest(start, 1))), lower(needle)) + greatest(start, 1) - 1 END""",
    """tsql_substring(t, start, n) AS CASE WHEN n < 0
    THEN error('537|Invalid length parameter passed to the SUBSTRING function.')
    ELSE substr(t, greatest(start, 1), greatest(n + least(start - 1, 0), 0)) END""",
)


def install(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the macros in the database."""
    for macro in MACROS:
        connection.execute(f"CREATE OR REPLACE MACRO {macro}")
