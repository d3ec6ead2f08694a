"""Write rows with the Spark connector of the Synapse runtime, which stages files and runs COPY by itself.

Source: azure-docs, Azure Synapse Dedicated SQL Pool Connector for Apache Spark, Python; and, for secrets, Secure
credentials with linked services using the mssparkutils. The connector exists in the runtime only, so the tests of this
module run a stand-in that takes the documented options. Assumption: A batch may use the connector as a notebook does.

Request, beside ``source``, ``folder``, ``nested`` and ``not_a_number``::

    {"method": "connector", "table": "<database>.<schema>.<table>", "table_type": "INTERNAL" | "EXTERNAL",
     "mode": "errorifexists" | "append" | "overwrite" | "ignore",
     "server": "...", "data_source": "...", "file_format": "...", "temp_folder": "abfss://...", "location": "/...",
     "login": {"user": "...", "key_vault": "...", "linked_service": "...", "password": "<name of the secret>",
               "staging_storage_account_key": "<name of the secret>"}}

What stands under ``mode`` and before it is needed. Without ``login`` the batch's own Entra identity is used; with it,
the SQL login whose secrets the workspace reads from a Key Vault: a request holds their names, never their values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from job_run import RefusedError
from pyspark.sql import DataFrame

_TABLE_TYPES = ("INTERNAL", "EXTERNAL")
_OPTIONS = ("server", "data_source", "file_format", "temp_folder")
_SECRETS = ("password", "staging_storage_account_key")


def write(frame: DataFrame, request: Mapping[str, Any]) -> None:
    """Write the rows into the table of the request. How many those are, the connector does not tell Python.

    :raises RefusedError: There is no connector here, or no such table type.
    """
    if request["table_type"] not in _TABLE_TYPES:
        raise RefusedError(f"table_type is {request['table_type']!r}; {' and '.join(_TABLE_TYPES)} are known.")
    try:
        import com.microsoft.spark.sqlanalytics  # noqa: F401, PLC0415 - adds synapsesql() to Spark's writer
        from com.microsoft.spark.sqlanalytics.Constants import Constants  # noqa: PLC0415
    except ImportError as error:
        raise RefusedError(
            "This Spark pool has no Synapse connector (com.microsoft.spark.sqlanalytics). Use staging instead."
        ) from error
    options = {name: request[name] for name in _OPTIONS if request.get(name)} | _login(request.get("login"))
    writer = frame.write.mode(request["mode"])
    for name, value in options.items():
        writer = writer.option(getattr(Constants, name.upper()), value)
    writer.synapsesql(request["table"], getattr(Constants, request["table_type"]), request.get("location"))


def _login(login: Mapping[str, str] | None) -> dict[str, str]:
    if not login:
        return {}
    from notebookutils import mssparkutils  # noqa: PLC0415 - in the Synapse runtime only

    get_secret = mssparkutils.credentials.getSecret
    return {"user": login["user"]} | {
        name: get_secret(login["key_vault"], login[name], login["linked_service"]) for name in _SECRETS if name in login
    }
