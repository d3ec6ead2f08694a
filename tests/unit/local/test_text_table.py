from datetime import date

from airflow_synapse.local.text_table import text_table


def test_numbers_stand_to_the_right_and_text_to_the_left():
    assert text_table(["name", "rows"], [("a", 5), ("long name", 123456)]).splitlines() == [
        "name         rows",
        "---------  ------",
        "a               5",
        "long name  123456",
    ]


def test_missing_value_is_shown_as_null():
    assert text_table(["day", "rows"], [(date(2013, 1, 1), None)]).splitlines()[-1] == "2013-01-01  NULL"


def test_no_rows_leave_the_head_alone():
    assert text_table(["id"], []).splitlines() == ["id", "--"]
