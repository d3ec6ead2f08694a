"""Finding the ODBC driver."""

import builtins
import sys

import pyodbc
import pytest

from airflow_synapse.exceptions import DriverNotFoundError
from airflow_synapse.hooks.odbc_driver import MICROSOFT_DRIVER, find_driver, is_freetds, load_pyodbc, packaged_driver


@pytest.fixture
def installed(monkeypatch):
    """Say which drivers the driver manager knows."""
    return lambda *names: monkeypatch.setattr(pyodbc, "drivers", lambda: list(names))


@pytest.fixture
def no_package(monkeypatch):
    """Make the PyPI package with Microsoft's driver unimportable."""
    monkeypatch.setitem(sys.modules, "mssql_python_odbc", None)


def test_the_named_driver_is_taken_before_all_others(installed):
    installed(MICROSOFT_DRIVER, "FreeTDS")
    assert find_driver("FreeTDS") == "FreeTDS"


def test_a_path_may_be_named(installed, tmp_path):
    installed()
    library = tmp_path / "libmsodbcsql-18.so"
    library.touch()
    assert find_driver(str(library)) == str(library)


def test_microsofts_installed_driver_is_taken_before_the_packaged_one(installed):
    installed("FreeTDS", MICROSOFT_DRIVER)
    assert find_driver(None) == MICROSOFT_DRIVER


def test_the_packaged_driver_is_taken_when_none_is_installed(installed):
    installed("FreeTDS")
    assert find_driver(None) == str(packaged_driver())


def test_the_packaged_driver_loads_on_this_machine():
    with pytest.raises(pyodbc.Error, match="ODBC Driver 18 for SQL Server"):  # not "Can't open lib"
        pyodbc.connect(f"DRIVER={{{packaged_driver()}}};SERVER=tcp:127.0.0.1,1", timeout=1)


@pytest.mark.usefixtures("no_package")
def test_without_any_driver_the_message_says_what_to_install(installed):
    installed("FreeTDS")
    with pytest.raises(DriverNotFoundError, match=r"pip install 'airflow-provider-synapse\[driver\]'"):
        find_driver(None)


def test_a_named_driver_that_is_not_installed_is_refused_with_what_is(installed):
    installed("FreeTDS")
    with pytest.raises(DriverNotFoundError, match=r"'ODBC Driver 13' .* is not installed \(installed: 'FreeTDS'\)"):
        find_driver("ODBC Driver 13")


def test_a_missing_driver_manager_is_named(monkeypatch):
    real_import = builtins.__import__

    def without_library(name, *args, **kwargs):
        if name == "pyodbc":
            raise ImportError("libodbc.so.2: cannot open shared object file: No such file or directory")
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_library)
    with pytest.raises(DriverNotFoundError, match=r"libodbc\.so\.2.*unixODBC.*unixodbc") as caught:
        load_pyodbc()
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("driver", "expected"),
    [
        ("FreeTDS", True),
        ("freetds 1.3", True),
        ("/usr/lib/x86_64-linux-gnu/odbc/libtdsodbc.so", True),
        (MICROSOFT_DRIVER, False),
        ("/home/freetds/libmsodbcsql-18.6.so.2.1", False),
    ],
)
def test_freetds_is_known_by_its_name_or_file(driver, expected):
    assert is_freetds(driver) is expected
