"""DuckDB macros for what T-SQL does and DuckDB has no function for."""

from __future__ import annotations

from typing import Final

import duckdb

from airflow_synapse.local.tsql import moment_text

_TRUNCATED: Final = "8152|String or binary data would be truncated."
_UNDEFINED: Final = "3623|An invalid floating point operation occurred."
_TOO_LARGE: Final = "8115|Arithmetic overflow error converting expression to data type float."
_ADDED: Final = "517|Adding a value to a '%' column caused an overflow.".replace("'", "''")
#: Microseconds from the beginning of year 1 to 1970.
_YEAR_1: Final = 62_135_596_800_000_000
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
    # DuckDB reads the usual ISO form, and much faster; it must see no other, for it takes any last word as a time zone.
    r"""tsql_try_moment(t, target) AS CASE WHEN target <> 'datetimeoffset' AND regexp_full_match(t,
    '[1-9]\d{3}-\d{2}-\d{2}([ T]([01]\d|2[0-3]):[0-5]\d:[0-5]\d([.]\d{1,6})?)?')
    THEN TRY_CAST(t AS TIMESTAMP) ELSE tsql_read_moment(t, target) END""",
    # Source: T-SQL reference, two digit year cutoff: 2049. DuckDB's own ends with 2068.
    "tsql_short_year(m) AS CASE WHEN year(m) > 2049 THEN m - INTERVAL 100 YEARS ELSE m END",
    # Counted from year 1, so that no number is negative: a half is rounded up, and // cuts towards zero.
    f"tsql_since(m) AS epoch_us(m) + {_YEAR_1}",
    f"""tsql_datetime(m) AS
    make_timestamp(((tsql_since(m) * 3 + 5000) // 10000 * 10 + 1) // 3 * 1000 - {_YEAR_1})""",
    f"tsql_datetime2(m, unit) AS make_timestamp((tsql_since(m) + unit // 2) // unit * unit - {_YEAR_1})",
    "tsql_time(t, unit) AS CAST(tsql_datetime2(DATE '1900-01-01' + t, unit) AS TIME)",
    "tsql_at_most(n, most) AS CASE WHEN n > most THEN most WHEN n < -most THEN -most ELSE n END",
    # A list of one moment lets it be named: as an argument it would be written, and moved, three times.
    f"""tsql_added(moment, first, last, name) AS list_transform([moment], lambda m: CASE WHEN m < first OR m > last
    THEN error(replace('{_ADDED}', '%', name)) ELSE m END)[1]""",
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
    """Create the macros, and the function that one of them calls, in the database."""
    moment_text.install(connection)
    for macro in MACROS:
        connection.execute(f"CREATE OR REPLACE MACRO {macro}")
