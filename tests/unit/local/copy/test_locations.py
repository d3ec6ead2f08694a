"""Which blobs a location names."""

from __future__ import annotations

import pytest

from airflow_synapse.local.copy.locations import literal_prefix, matcher


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("", ["a.csv", "x/b.csv"]),
        ("x", ["x", "x/b.csv", "x/y/c.csv"]),
        ("x/", ["x/b.csv", "x/y/c.csv"]),
        ("x/b.csv", ["x/b.csv"]),
        ("_hidden/a.csv", ["_hidden/a.csv"]),
        ("x/.a.csv", ["x/.a.csv"]),
        ("_hidden", ["_hidden/a.csv"]),
        ("x/*.csv", ["x/b.csv", "x/y/c.csv", "x/d_.csv"]),
        ("x/b*", ["x/b.csv", "x/b/c.txt"]),
        ("*", ["a.csv", "x/y/z"]),
        ("x/_*.csv", ["x/_a.csv"]),
        ("x/*/c.csv", ["x/y/c.csv", "x/y/z/c.csv"]),
        (r"x/\*.csv", ["x/*.csv"]),
        (r"x/a\\b.csv", [r"x/a\b.csv"]),
        ("x/a+(b).csv", ["x/a+(b).csv"]),
    ],
)
def test_a_location_matches(path: str, names: list[str]) -> None:
    assert [name for name in names if not matcher(path).fullmatch("/" + name)] == []


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("", ["_a.csv", ".a.csv", "x/_a.csv", "_x/a.csv", "x/.y/a.csv"]),
        ("x", ["xy", "y/x", "x/_a.csv", "X/b.csv"]),
        ("x/", ["x", "x/.b.csv"]),
        ("x/b.csv", ["x/b.csvx", "x/B.csv", "y/x/b.csv"]),
        ("_hidden", ["_hidden/_a.csv"]),
        ("x/*.csv", ["x/b.CSV", "x/_b.csv", "x/y/_c.csv", "x/_y/c.csv", "x/b.csv.gz", "x/.csv"]),
        ("x/_*.csv", ["x/a.csv", "x/_a/_b.csv"]),
        (r"x/\*.csv", ["x/a.csv"]),
        ("*", ["_a.csv", ".a"]),
    ],
)
def test_a_location_does_not_match(path: str, names: list[str]) -> None:
    assert [name for name in names if matcher(path).fullmatch("/" + name)] == []


@pytest.mark.parametrize(
    ("path", "prefix"), [("", ""), ("x/y", "x/y"), ("x/y*z", "x/y"), (r"x/\*y*", "x/*y"), ("*", ""), ("x\\", "x\\")]
)
def test_the_listing_is_narrowed_to_the_literal_part(path: str, prefix: str) -> None:
    assert literal_prefix(path) == prefix
