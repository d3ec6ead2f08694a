"""Data types as the catalog functions of ODBC describe them.

Source: T-SQL reference, sp_datatype_info and sp_columns; ODBC reference, SQLGetTypeInfo.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from airflow_synapse.local.catalog.system_types import max_length, precision, scale
from airflow_synapse.local.sql_types import BINARY_TYPES, CHARACTER_TYPES, MAX, SqlType

_DATETIME: Final = 9  # SQL_DATETIME, the verbose code of dates and times


@dataclass(frozen=True, slots=True)
class OdbcType:
    """What SQLGetTypeInfo tells of a type.

    :param code: Concise ODBC code; the code of ODBC 2 where a client asks for it is ``old_code``.
    :param subcode: SQL_DATETIME_SUB.
    :param searchable: 2 all but LIKE, 3 all.
    """

    name: str
    code: int
    precision: int
    prefix: str | None = None
    suffix: str | None = None
    parameters: str | None = None
    searchable: int = 2
    unsigned: int | None = None
    money: int = 0
    identity: int | None = None
    least_scale: int | None = None
    most_scale: int | None = None
    subcode: int | None = None
    radix: int | None = None
    ss_code: int = 0
    old_code: int | None = None

    def code_for(self, odbc_version: int) -> int:
        """Return the code for clients of that ODBC version."""
        return self.old_code if odbc_version < 3 and self.old_code is not None else self.code


def _number(name: str, code: int, digits: int, *, ss_code: int, **more: int | str | None) -> OdbcType:
    return OdbcType(name, code, digits, **{"unsigned": 0, "identity": 0, "radix": 10, "ss_code": ss_code, **more})  # type: ignore[arg-type]  # keywords of OdbcType


ODBC_TYPES: Final = (
    OdbcType("datetimeoffset", -155, 34, "'", "'", "scale", least_scale=0, most_scale=7, subcode=0, ss_code=0),
    OdbcType("time", -154, 16, "'", "'", "scale", least_scale=0, most_scale=7, subcode=0, ss_code=0),
    OdbcType("uniqueidentifier", -11, 36, "'", "'", ss_code=37),
    OdbcType("nvarchar", -9, 4000, "N'", "'", "max length", 3, ss_code=39),
    OdbcType("sysname", -9, 128, "N'", "'", None, 3, ss_code=39),
    OdbcType("nchar", -8, 4000, "N'", "'", "length", 3, ss_code=39),
    OdbcType("bit", -7, 1, ss_code=50),
    _number("tinyint", -6, 3, ss_code=48, unsigned=1, least_scale=0, most_scale=0),
    _number("bigint", -5, 19, ss_code=63, least_scale=0, most_scale=0),
    OdbcType("varbinary", -3, 8000, "0x", None, "max length", ss_code=37),
    OdbcType("binary", -2, 8000, "0x", None, "length", ss_code=45),
    OdbcType("char", 1, 8000, "'", "'", "length", 3, ss_code=47),
    _number("numeric", 2, 38, ss_code=63, parameters="precision,scale", least_scale=0, most_scale=38),
    _number("decimal", 3, 38, ss_code=55, parameters="precision,scale", least_scale=0, most_scale=38),
    _number("money", 3, 19, ss_code=60, prefix="$", money=1, least_scale=4, most_scale=4),
    _number("smallmoney", 3, 10, ss_code=122, prefix="$", money=1, least_scale=4, most_scale=4),
    _number("int", 4, 10, ss_code=56, least_scale=0, most_scale=0),
    _number("smallint", 5, 5, ss_code=52, least_scale=0, most_scale=0),
    _number("float", 6, 53, ss_code=62, radix=2),
    _number("real", 7, 24, ss_code=59, radix=2),
    OdbcType("varchar", 12, 8000, "'", "'", "max length", 3, ss_code=39),
    OdbcType("date", 91, 10, "'", "'", least_scale=0, most_scale=0, subcode=1, ss_code=0, old_code=9),
    OdbcType("datetime2", 93, 27, "'", "'", "scale", least_scale=0, most_scale=7, subcode=3, ss_code=0, old_code=11),
    OdbcType("datetime", 93, 23, "'", "'", least_scale=3, most_scale=3, subcode=3, ss_code=61, old_code=11),
    OdbcType("smalldatetime", 93, 16, "'", "'", least_scale=0, most_scale=0, subcode=3, ss_code=58, old_code=11),
)
_BY_NAME: Final = {found.name: found for found in ODBC_TYPES}


def odbc_type(found: SqlType) -> OdbcType:
    """Return the ODBC description of a declared type."""
    return _BY_NAME[found.name]


def verbose_code(found: OdbcType) -> int:
    """Return SQL_DATA_TYPE: one code for all dates and times that ODBC knows."""
    return _DATETIME if found.code in {91, 93} else found.code


def column_size(found: SqlType) -> int:
    """Return the PRECISION of sp_columns: characters, bytes or digits; 0 for (max)."""
    if found.name in CHARACTER_TYPES | BINARY_TYPES:
        return 0 if found.length == MAX else found.length or 1
    return _BY_NAME[found.name].precision if found.name in {"uniqueidentifier", "float", "real"} else precision(found)


def transfer_length(found: SqlType) -> int:
    """Return the LENGTH of sp_columns: bytes of the value as ODBC hands it over."""
    if found.name == "decimal":
        return (found.precision or 18) + 2
    special = {
        "money": 21,
        "smallmoney": 12,
        "date": 6,
        "datetime": 16,
        "smalldatetime": 16,
        "datetime2": 16,
        "time": 12,
    }
    length = special.get(found.name, 20 if found.name == "datetimeoffset" else max_length(found))
    return max(length, 0)


def column_scale(found: SqlType) -> int | None:
    """Return the SCALE of sp_columns."""
    return scale(found) if _BY_NAME[found.name].least_scale is not None else None
