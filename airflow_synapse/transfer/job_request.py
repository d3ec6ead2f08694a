"""What the job scripts are asked to do: the JSON that is uploaded beside them. Nothing in it is secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from airflow_synapse.copy.identifiers import TableName
from airflow_synapse.copy.location import ExternalLocation
from airflow_synapse.copy.rules import read_text
from airflow_synapse.exceptions import TransferOptionError
from airflow_synapse.load.redaction import names_credential
from airflow_synapse.secret import Secret
from airflow_synapse.transfer.arguments import named_values, one_of, whole_number
from airflow_synapse.transfer.lake_folder import below, spark_url

REQUEST_NAME: Final = "request.json"
ERROR_NAME: Final = "error.json"
#: What a job writes first: from here on it may do something.
OWNER_NAME: Final = "owner.json"
#: Steps of a job in which it has not written yet, as its error file names them.
READING_STEPS: Final = ("begin", "read the files", "read the source", "look at the target")
#: Folder of the Parquet files, in the folder of the job.
DATA_FOLDER: Final = "data"
VERSION: Final = 1

FILE_TYPES: Final = ("parquet", "delta", "csv", "json")
COMPRESSIONS: Final[Mapping[str, str]] = {"snappy": "Snappy", "gzip": "GZIP", "none": "NONE"}
#: Source: azure-docs, Azure Synapse Dedicated SQL Pool Connector for Apache Spark, Write using SQL Basic Auth.
_LOGIN_NEEDS: Final = ("user", "key_vault", "linked_service", "password", "staging_storage_account_key")
_NESTED: Final = ("json", "refuse")
_NOT_A_NUMBER: Final = ("null", "refuse")


def spark_source(
    *,
    table: str | None,
    sql: str | None,
    files: str | Sequence[str] | None,
    file_type: str,
    file_options: Mapping[str, object] | None,
) -> dict[str, Any]:
    """Return what the staging job reads.

    :raises TransferOptionError: Not exactly one of ``table``, ``sql`` and ``files`` is given, or an option is a secret.
    :raises CopyOptionError: What is given is no text.
    """
    options = named_values(file_options, "spark_file_options")
    for name, value in options.items():
        if isinstance(value, Secret) or names_credential(name):
            raise TransferOptionError(
                f"spark_file_options[{name!r}] is a secret, which would be stored in the staging folder. Let Spark log "
                "in by its own identity, or by a linked service."
            )
    given = {"spark_table": table, "spark_sql": sql, "spark_files": files}
    named = [name for name, value in given.items() if value]
    if len(named) != 1:
        shown = " and ".join(named) or "none of them"
        raise TransferOptionError(f"Give one of {', '.join(given)}: what Spark reads. Here {shown} is given.")
    if table:
        return {"kind": "table", "name": read_text(table, "spark_table")}
    if sql:
        return {"kind": "sql", "text": read_text(sql, "spark_sql")}
    paths = files if isinstance(files, Sequence) and not isinstance(files, str) else [files]
    return {
        "kind": "files",
        "format": one_of(file_type, FILE_TYPES, "spark_file_type"),
        "paths": [read_text(path, "spark_files") for path in paths],
        "options": options,
    }


def stage_request(
    source: Mapping[str, Any],
    folder: ExternalLocation,
    *,
    compression: str,
    file_bytes: int,
    nested: str,
    not_a_number: str,
) -> dict[str, Any]:
    """Return the request of the job that writes Parquet files for COPY.

    :param source: As :func:`spark_source` returns it.
    :param folder: The folder of this job: the files go to ``data/`` in it.
    :raises TransferOptionError: An option has a value that it cannot have.
    """
    return {
        "version": VERSION,
        "source": dict(source),
        "folder": spark_url(folder),
        "compression": one_of(compression, tuple(COMPRESSIONS), "compression"),
        "file_bytes": whole_number(file_bytes, "file_bytes"),
        "nested": one_of(nested, _NESTED, "nested"),
        "not_a_number": one_of(not_a_number, _NOT_A_NUMBER, "not_a_number"),
    }


def connector_request(
    stage: Mapping[str, Any],
    folder: ExternalLocation,
    *,
    table: TableName,
    table_type: str,
    mode: str,
    login: Mapping[str, str] | None,
    options: Mapping[str, str | None],
) -> dict[str, Any]:
    """Return the request of the job that leaves the load to the connector of the Synapse runtime.

    :param stage: What :func:`stage_request` returned for the folder.
    :param login: ``user``, ``key_vault``, ``linked_service``, and the names of the secrets ``password`` and
        ``staging_storage_account_key`` in that Key Vault; None for the identity of the batch.
    :param options: ``server``, ``data_source``, ``file_format`` and ``location``.
    :raises TransferOptionError: The table has not three parts, something that the connector needs is missing, or the
        login holds a Secret.
    """
    if len(table.parts) != 3:
        raise TransferOptionError(f"table is {table}: the connector needs database.schema.table.")
    if table_type == "EXTERNAL" and not options.get("data_source"):
        raise TransferOptionError("table_type='EXTERNAL' needs data_source.")
    if login is not None and named_values(login, "connector_login").keys() != {*_LOGIN_NEEDS}:
        raise TransferOptionError(
            f"connector_login has {', '.join(login) or 'nothing'}. It needs {', '.join(_LOGIN_NEEDS)}; the last two "
            "are names of secrets in the Key Vault, not the secrets."
        )
    if login is not None and not options.get("server"):
        raise TransferOptionError("connector_login needs server: where the connector logs in.")
    if any(isinstance(value, Secret) for value in (login or {}).values()):
        raise TransferOptionError(
            "connector_login holds a Secret, which would be stored in the staging folder. Put it into the Key Vault, "
            "and give its name there."
        )
    return {
        **stage,
        "method": "connector",
        "table": ".".join(table.parts),
        "table_type": table_type,
        "mode": mode,
        "temp_folder": spark_url(below(folder, "connector")),
        **{name: read_text(value, name) for name, value in options.items() if value},
        **({"login": dict(login)} if login else {}),
    }


def spark_target(
    *,
    table: str | None,
    files: str | None,
    file_type: str,
    save_mode: str,
) -> dict[str, Any]:
    """Return where the delivering job writes to.

    :raises TransferOptionError: Not exactly one of ``table`` and ``files`` is given.
    :raises CopyOptionError: What is given is no text.
    """
    if bool(table) == bool(files):
        raise TransferOptionError("Give one of spark_table and spark_files: where Spark puts the rows.")
    if table:
        kind = {"kind": "table", "name": read_text(table, "spark_table")}
    else:
        kind = {"kind": "files", "path": read_text(files, "spark_files")}
    return {**kind, "format": one_of(file_type, FILE_TYPES, "spark_file_type"), "mode": save_mode}


def deliver_request(
    target: Mapping[str, Any], folder: ExternalLocation, *, schema: Mapping[str, Any], rows: int
) -> dict[str, Any]:
    """Return the request of the job that reads the Parquet files of the pool.

    :param target: As :func:`spark_target` returns it.
    :param folder: The folder of this job: the files are in ``data/`` in it.
    :param schema: Schema of the files, as Spark's JSON.
    :param rows: Rows that the pool has exported.
    """
    return {
        "version": VERSION,
        "source": spark_url(below(folder, DATA_FOLDER)),
        "schema": dict(schema),
        "rows": rows,
        "target": dict(target),
        "folder": spark_url(folder),
    }
