"""How the workspace's own commands reach its SQL pool: pyodbc with the Microsoft driver from PyPI."""

from __future__ import annotations

import importlib
import platform
import struct
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

from airflow_synapse.local.home import WorkspaceError

if TYPE_CHECKING:
    import pyodbc

_DATETIMEOFFSET: Final = -155
_UNIX_ODBC: Final = (
    "pyodbc cannot load ODBC's driver manager, unixODBC. Install it: "
    "apt-get install unixodbc libgssapi-krb5-2 libltdl7, or dnf install unixODBC krb5-libs libtool-ltdl, "
    "or brew install unixodbc"
)


def driver_path() -> Path:
    """Return the driver's shared library.

    :raises WorkspaceError: The package that brings it is not installed, or brings none for this system.
    """
    try:
        import mssql_python_odbc  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        message = "The Microsoft ODBC driver is missing: pip install 'airflow-provider-synapse[local]'"
        raise WorkspaceError(message) from None
    libraries = Path(mssql_python_odbc.get_libs_dir())
    found = [library for library in libraries.rglob("libmsodbcsql*") if platform.machine() in library.parts]
    if not found:
        raise WorkspaceError(f"mssql-python-odbc brings no ODBC driver for this system: nothing below {libraries}.")
    # The flavors for several Linux distributions come together; Debian's needs nothing that the others have not.
    return min(found, key=lambda library: ("debian_ubuntu" not in library.parts, library))


def load_pyodbc() -> ModuleType:
    """Return the module ``pyodbc``.

    :raises WorkspaceError: unixODBC is missing.
    """
    try:
        return importlib.import_module("pyodbc")  # needs a library of the system, and only this needs it
    except ImportError:
        raise WorkspaceError(_UNIX_ODBC) from None


def connect(*, port: int, database: str, user: str, password: str) -> pyodbc.Connection:
    """Open a connection to the pool on a port of this machine, with autocommit.

    :raises WorkspaceError: unixODBC or the driver is missing.
    """
    odbc = load_pyodbc()
    escaped = password.replace("}", "}}")
    connection: pyodbc.Connection = odbc.connect(
        f"DRIVER={{{driver_path()}}};SERVER=localhost,{port};DATABASE={database};UID={user};PWD={{{escaped}}};"
        "Encrypt=yes;TrustServerCertificate=yes",
        autocommit=True,
        timeout=10,
    )
    connection.add_output_converter(_DATETIMEOFFSET, _read_datetimeoffset)  # pyodbc itself does not know the type
    return connection


def _read_datetimeoffset(raw: bytes) -> datetime:
    """Read the driver's SQL_SS_TIMESTAMPOFFSET_STRUCT."""
    year, month, day, hour, minute, second, nanoseconds, hours, minutes = struct.unpack("<6hI2h", raw)
    zone = timezone(timedelta(hours=hours, minutes=minutes))
    return datetime(year, month, day, hour, minute, second, nanoseconds // 1000, zone)
