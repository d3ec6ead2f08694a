"""Read dates and times as T-SQL reads them.

Source: T-SQL reference, date and time types, supported string literal formats; SET DATEFORMAT; Time formats: AM and
PM beside the hours of both clocks, and a colon before thousandths of a second.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH_NUMBERS: Final = {name: number for number, month in enumerate(_MONTHS, 1) for name in (month, month[:3])}
#: Two-digit years up to this one are of this century. Source: T-SQL reference, two digit year cutoff.
_CUTOFF: Final = 49

_MOMENT: Final = re.compile(
    r"""\s*(?P<date>
        (?P<unseparated>\d{8}|\d{6})
      | (?P<first>\d{1,4})(?P<separator>[-/.])(?P<second>\d{1,4})(?P=separator)(?P<third>\d{1,4})
      | (?P<month_a>[a-z]{3,9})\.?[ ,-]*(?P<day_a>\d{1,2})[ ,-]+(?P<year_a>\d{4}|\d{2})
      | (?P<day_b>\d{1,2})[ -]*(?P<month_b>[a-z]{3,9})\.?[ ,-]*(?P<year_b>\d{4}|\d{2})
      | (?P<year_c>\d{4})[ -]*(?P<month_c>[a-z]{3,9})[ -]*(?P<day_c>\d{1,2})
    )?
    (?P<gap>T|\s+)?
    (?P<time>
        (?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::(?P<second_of_minute>\d{2})
            (?:\.(?P<fraction>\d{1,7})|:(?P<thousandths>\d{1,3}))?)?)?
        \s*(?P<half>[ap]m)?
    )?
    \s*(?P<offset>Z|[+-]\d{2}:\d{2})?\s*""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """What a text says.

    :param day: None when it names none.
    :param ticks: 100-nanosecond units since midnight.
    :param offset: Minutes east of UTC; None when it names none.
    """

    day: date | None
    ticks: int
    offset: int | None


def read_moment(text: str, date_format: str) -> Moment | None:
    """Return what ``text`` says, None if T-SQL reads no date or time in it.

    Assumption: A date of three numbers that begins with a four-digit year is read as year-month-day, or as
    year-day-month with DATEFORMAT ydm, for every date type.

    :param date_format: Such as ``mdy``.
    """
    match = _MOMENT.fullmatch(text)
    if match is None or not (match["date"] or match["time"]) or (match["date"] and match["time"] and not match["gap"]):
        return None
    if match["time"] and not match["minute"] and not match["half"]:
        return None
    try:
        day = _day(match, date_format) if match["date"] else None
        return Moment(day, _ticks(match), _offset(match["offset"]))
    except (ValueError, KeyError):
        return None


def _day(match: re.Match[str], date_format: str) -> date:
    if digits := match["unseparated"]:
        return date(_year(digits[:-4]), int(digits[-4:-2]), int(digits[-2:]))
    for form in "abc":
        if month := match[f"month_{form}"]:
            return date(_year(match[f"year_{form}"]), _MONTH_NUMBERS[month.lower()], int(match[f"day_{form}"]))
    order = date_format
    if len(match["first"]) == 4:
        order = "ydm" if date_format == "ydm" else "ymd"
    parts = dict(zip(order, (match["first"], match["second"], match["third"]), strict=True))
    if len(parts["m"]) > 2 or len(parts["d"]) > 2:
        raise ValueError
    return date(_year(parts["y"]), int(parts["m"]), int(parts["d"]))


def _year(digits: str) -> int:
    if len(digits) == 4:
        return int(digits)
    if len(digits) > 2:
        raise ValueError
    return int(digits) + (2000 if int(digits) <= _CUTOFF else 1900)


def _ticks(match: re.Match[str]) -> int:
    if not match["time"]:
        return 0
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    second = int(match["second_of_minute"] or 0)
    if match["half"]:
        half = match["half"].lower()
        if (half == "am" and hour > 12) or (half == "pm" and hour == 0):
            raise ValueError
        hour = hour if hour > 12 else hour % 12 + (12 if half == "pm" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError
    fraction: str = match["fraction"] or (match["thousandths"] or "").rjust(3, "0")
    return ((hour * 60 + minute) * 60 + second) * 10_000_000 + int(fraction.ljust(7, "0"))


def _offset(text: str | None) -> int | None:
    if text is None:
        return None
    if text.upper() == "Z":
        return 0
    minutes = int(text[1:3]) * 60 + int(text[4:6])
    if minutes > 14 * 60 or int(text[4:6]) > 59:
        raise ValueError
    return -minutes if text[0] == "-" else minutes


def truncated_ticks(ticks: int, scale: int) -> int:
    """Return ``ticks`` without the digits behind ``scale``: COPY truncates. Source: COPY reference 2026-05."""
    unit: int = 10 ** (7 - scale)
    return ticks // unit * unit
