"""Find the ODBC driver for SQL Server, and say what to install where there is none."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any, Final

from airflow_synapse.exceptions import DriverNotFoundError

MICROSOFT_DRIVER: Final = "ODBC Driver 18 for SQL Server"

_INSTALL: Final = (
    f"Install Microsoft's '{MICROSOFT_DRIVER}' from the system's package manager, or its PyPI package with: "
    "pip install 'airflow-provider-synapse[driver]'."
)
#: Folder of the PyPI package -> what os-release calls the distributions whose libraries it is linked against.
_DISTRIBUTIONS: Final = {
    "rhel": {"rhel", "fedora", "centos", "amzn"},
    "suse": {"suse", "opensuse", "sles"},
    "alpine": {"alpine"},
    "debian_ubuntu": {"debian", "ubuntu"},
}


def load_pyodbc() -> Any:  # noqa: ANN401 - pyodbc ships no type information
    """Import pyodbc.

    :raises DriverNotFoundError: pyodbc is there, but not the driver manager that it is linked against.
    """
    try:
        import pyodbc  # noqa: PLC0415 - parsing a DAG file must not need the driver manager
    except ImportError as error:
        reason = str(error)
    else:
        return pyodbc
    raise DriverNotFoundError(
        f"pyodbc cannot be imported: {reason}. It needs the driver manager unixODBC: install the system's package "
        "(Debian and Ubuntu: unixodbc; Red Hat: unixODBC; macOS: brew install unixodbc)."
    )


def find_driver(named: str | None) -> str:
    """Return the name or path of the driver to use.

    :param named: What the connection asks for: the name of an installed driver, or the path of a driver's library. None
        takes Microsoft's driver: an installed one, else the one of the PyPI package ``mssql-python-odbc``.
    :raises DriverNotFoundError: It is not there.
    """
    installed: list[str] = load_pyodbc().drivers()
    if named:
        if named.casefold() in map(str.casefold, installed) or Path(named).is_file():
            return named
        known = ", ".join(map(repr, installed)) or "none"
        raise DriverNotFoundError(
            f"The ODBC driver {named!r} of the connection is not installed (installed: {known}). {_INSTALL}"
        )
    if MICROSOFT_DRIVER in installed:
        return MICROSOFT_DRIVER
    if packaged := packaged_driver():
        return str(packaged)
    raise DriverNotFoundError(f"There is no ODBC driver for SQL Server on this machine. {_INSTALL}")


def packaged_driver() -> Path | None:
    """Return the library of Microsoft's driver in the PyPI package ``mssql-python-odbc``; None without the package.

    The package says that its layout may change, so that the library is looked for and not assumed.
    """
    try:
        import mssql_python_odbc  # noqa: PLC0415 - an optional package
    except ImportError:
        return None
    libraries = sorted(Path(mssql_python_odbc.get_libs_dir()).rglob("libmsodbcsql*18*"))
    if platform.system() == "Linux":
        distribution = _distribution()
        libraries.sort(key=lambda library: distribution not in library.parts)
    return libraries[0] if libraries else None


def _distribution() -> str:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return "debian_ubuntu"
    names = {release.get("ID", ""), *release.get("ID_LIKE", "").split()}
    return next((folder for folder, known in _DISTRIBUTIONS.items() if names & known), "debian_ubuntu")


def is_freetds(driver: str) -> bool:
    """Say whether a driver's name or path is FreeTDS, which has other keywords and takes no access token."""
    name = Path(driver).name.casefold()
    return "freetds" in name or "tdsodbc" in name
