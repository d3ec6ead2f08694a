"""Which files a location stands for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_synapse.load.source_files import FilePattern


@pytest.mark.parametrize(
    ("path", "name", "matches"),
    [
        # a file
        ("in/a.csv", "in/a.csv", True),
        ("in/a.csv", "in/a.csv2", False),
        ("in/a.csv", "in/A.csv", False),
        # a folder, with and without the slash at its end, and all below it
        ("in/", "in/a.csv", True),
        ("in", "in/a.csv", True),
        ("in/", "in/2013/01/a.csv", True),
        ("in", "in2/a.csv", False),
        ("in/", "in/", False),
        ("", "a.csv", True),
        ("", "in/a.csv", True),
        # hidden names are left out ...
        ("in/", "in/_SUCCESS", False),
        ("in/", "in/.crc", False),
        ("in/", "in/_rejectedrows/x.csv", False),
        ("in/", "in/deep/.git/x.csv", False),
        ("", "_SUCCESS", False),
        ("in/*", "in/_SUCCESS", False),
        ("in/*.csv", "in/_hidden/a.csv", False),
        ("*", "_hidden", False),
        ("in/", "in/a_b.c.csv", True),
        # ... unless the path names them
        ("in/_SUCCESS", "in/_SUCCESS", True),
        ("in/_hidden/", "in/_hidden/a.csv", True),
        ("in/_hidden/*.csv", "in/_hidden/a.csv", True),
        ("in/_*", "in/_SUCCESS", True),
        ("in/_hidden/", "in/_hidden/_b.csv", False),
        # wildcards
        ("in/*.csv", "in/a.csv", True),
        ("in/*.csv", "in/a.txt", False),
        ("in/*.csv", "in/A.CSV", False),
        ("in/*.csv", "in/2013/a.csv", True),
        ("in/2013-*", "in/2013-01/a.csv", True),
        ("in/2013*/a.csv", "in/2013-01/a.csv", True),
        ("in/*/b", "in/2013/b/c.csv", True),
        ("in/*.csv", "out/a.csv", False),
        # a backslash takes a wildcard's meaning away
        (r"in/\*.csv", "in/*.csv", True),
        (r"in/\*.csv", "in/a.csv", False),
        # other characters mean themselves
        ("in/a?.csv", "in/ab.csv", False),
        ("in/a[b].csv", "in/a[b].csv", True),
        ("in/a+b.csv", "in/a+b.csv", True),
    ],
)
def test_a_path_stands_for_its_files_only(path, name, matches):
    assert FilePattern(path).matches(name) is matches


@pytest.mark.parametrize(
    ("path", "prefix"),
    [("in/a.csv", "in/a.csv"), ("in/*.csv", "in/"), (r"in/\*a*", "in/*a"), ("*", ""), ("", "")],
)
def test_the_listing_begins_at_the_first_wildcard(path, prefix):
    assert FilePattern(path).prefix == prefix


@given(st.text(alphabet=r"ab/*\_.", max_size=12), st.text(alphabet="ab/*_.", max_size=12))
def test_whatever_matches_begins_with_the_prefix(path, name):
    pattern = FilePattern(path)
    assert name.startswith(pattern.prefix) or not pattern.matches(name)
