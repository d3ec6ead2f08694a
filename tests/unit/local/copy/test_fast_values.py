"""The fast way to read texts never disagrees with the exact one."""

from __future__ import annotations

import string

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_synapse.local.copy.fast_values import fast_values
from airflow_synapse.local.copy.tsql_values import ConversionError, arrow_type, read_value
from airflow_synapse.local.sql_types import SqlType

TYPES = [
    *(SqlType(name) for name in ("bit", "tinyint", "smallint", "int", "bigint", "real", "float", "money")),
    *(SqlType(name) for name in ("smallmoney", "date", "datetime", "smalldatetime", "uniqueidentifier")),
    SqlType("decimal", precision=5, scale=2),
    SqlType("decimal", precision=38, scale=10),
    SqlType("decimal", precision=18, scale=0),
    SqlType("time", scale=7),
    SqlType("time", scale=0),
    SqlType("datetime2", scale=7),
    SqlType("datetime2", scale=3),
    SqlType("datetimeoffset", scale=7),
]

_NUMBERS = st.from_regex(r"[+-]?[0-9]{0,20}\.?[0-9]{0,6}([eE][+-]?[0-9]{1,3})?", fullmatch=True)
_DATES = st.from_regex(r"-?[0-9]{1,5}[-/.][0-9]{1,3}[-/.][0-9]{1,4}", fullmatch=True)
_TIMES = st.from_regex(r"[0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]{1,8})?)?( ?[AP]M)?", fullmatch=True)
_REAL_DATES = st.dates().map(str)
_REAL_MOMENTS = st.datetimes().map(str)
_MOMENTS = st.tuples(st.one_of(_DATES, _REAL_DATES), st.sampled_from(" T"), _TIMES).map("".join)
_ANYTHING = st.text(alphabet=string.digits + string.ascii_letters + " .,:+-_/$'\n\t\"", max_size=24)
_TEXTS = st.one_of(
    *(_NUMBERS, _DATES, _TIMES, _REAL_DATES, _REAL_MOMENTS, _MOMENTS, _ANYTHING, st.uuids().map(str)),
    st.sampled_from(
        ["nan", "inf", "-inf", "infinity", "epoch", "today", "0x1F", "1_000", "true", "FALSE", "t", "1e3", "1.5", "-",
         ".", "-.", "+", "1-", "1.", ".5", "2013-01-05 (BC)", "0000-01-01", "10000-01-01", "24:00:00", "9999-12-31",
         "23:59:60", "99999.995", "999.999", "255", "256", "1e400", "3.5e38", "١٢", "9223372036854775808", "007"]
    ),
)  # fmt: skip


def _exact(text: str, sql_type: SqlType, date_format: str) -> object:
    try:
        return read_value(text, sql_type, date_format)
    except ConversionError as error:
        return error


@pytest.mark.parametrize("sql_type", TYPES, ids=str)
@given(texts=st.lists(_TEXTS.filter(bool), min_size=1, max_size=20), date_format=st.sampled_from(["mdy", "dmy", "ydm"]))
@example(texts=["1", "-", "5-", "--5", "+5", "00012"], date_format="mdy")
@example(texts=["1.005", "1.995", "999.99", "-999.99", "1000", ".", "-.", ".5", "5.", "1.2.3"], date_format="mdy")
@example(texts=["10000-01-01 00:00:00", "10000-01-01", "0001-01-01 (BC) 00:00:00", "24:00:00"], date_format="mdy")
@example(texts=["1e5", "1e", "e5", "1e400", "1e-400", "3.4e38", "3.5e38", "-0"], date_format="mdy")
@settings(max_examples=40, deadline=None)
def test_what_the_fast_way_is_sure_of_is_exact(sql_type: SqlType, texts: list[str], date_format: str) -> None:
    column = pa.chunked_array([pa.array(texts, pa.string())])
    values = fast_values(column, sql_type, date_format)
    sure = {text: value for text, value in zip(texts, values.to_pylist(), strict=True) if value is not None}
    assert sure == {text: _as_arrow(_exact(text, sql_type, date_format), sql_type) for text in sure}


def _as_arrow(value: object, sql_type: SqlType) -> object:
    return value if isinstance(value, ConversionError) else pa.array([value], arrow_type(sql_type))[0].as_py()


@pytest.mark.parametrize(
    ("text", "sql_type"),
    [
        ("12", SqlType("int")),
        ("-12.5", SqlType("decimal", precision=5, scale=2)),
        ("1.5e3", SqlType("float")),
        ("2013-01-05", SqlType("date")),
        ("2013-01-05 10:11:12.5", SqlType("datetime2", scale=7)),
        ("10:11:12", SqlType("time", scale=0)),
        ("1", SqlType("bit")),
        ("12", SqlType("money")),
    ],
)
@pytest.mark.parametrize("neighbor", [None, "NA"])
def test_the_fast_way_is_sure_of_common_texts(text: str, sql_type: SqlType, neighbor: str) -> None:
    values = fast_values(pa.chunked_array([[text, neighbor]], pa.string()), sql_type, "mdy")
    assert values.is_valid().to_pylist() == [True, False]
