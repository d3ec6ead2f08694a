"""How the workspace's own commands reach its SQL pool: pyodbc with the Microsoft driver from PyPI."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TYPE_CHECKING, Final

from airflow_synapse.local.home import WorkspaceError

if TYPE_CHECKING:
    import pyodbc

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


def connect(*, port: int, database: str, user: str, password: str) -> pyodbc.Connection:
    """Open a connection to the pool on a port of this machine, with autocommit.

    :raises WorkspaceError: unixODBC or the driver is missing.
    """
    try:
        import pyodbc  # noqa: PLC0415 - needs a library of the system, and only this needs it
    except ImportError:
        raise WorkspaceError(_UNIX_ODBC) from None
    escaped = password.replace("}", "}}")
    return pyodbc.connect(
        f"DRIVER={{{driver_path()}}};SERVER=localhost,{port};DATABASE={database};UID={user};PWD={{{escaped}}};"
        "Encrypt=yes;TrustServerCertificate=yes",
        autocommit=True,
        timeout=10,
    )
