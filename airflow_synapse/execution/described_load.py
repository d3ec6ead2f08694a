"""What an operator's arguments describe: the statement, with its credentials, and what becomes of the rows there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from airflow_synapse.copy import ColumnName, CopyStatement, ErrorFile, TableName, build_statement
from airflow_synapse.copy.rules import read_text
from airflow_synapse.exceptions import CopyOptionError
from airflow_synapse.execution.arguments import CopyArguments
from airflow_synapse.execution.load_rejects import error_folder
from airflow_synapse.hooks.storage import SynapseStorageHook
from airflow_synapse.load.disposition import LoadOptions
from airflow_synapse.schema.create_table import check_ahead, needs_files


def load_options(arguments: CopyArguments) -> LoadOptions:
    """Return how the load treats the rows that are there.

    :raises CopyOptionError: An argument, or a pair of them, is wrong.
    """
    ledger = arguments.ledger_table
    return LoadOptions(
        write_disposition=arguments.write_disposition,
        slice_predicate=arguments.slice_predicate,
        partition_values=_texts(arguments.partition_values),
        upsert_keys=tuple(ColumnName.parse(key, option="upsert_keys") for key in _texts(arguments.upsert_keys)),
        staging_distribution=arguments.staging_distribution,
        staging_index=arguments.staging_index,
        ledger_table=None if ledger is None else TableName.parse(ledger, option="ledger_table"),
        reload=arguments.reload,
        update_statistics=arguments.update_statistics,
    )


def copy_statement(arguments: CopyArguments, *, label: str, reject_folder: str) -> CopyStatement:
    """Return the statement with the credentials that were given; for those of connections: :func:`with_credentials`.

    :param reject_folder: Name of the folder for rejected rows, in that of the user.
    :raises CopyOptionError: An argument, or a pair of them, is wrong.
    """
    error_file = arguments.error_file
    if error_file and arguments.error_file_per_load:
        error_file = f"{read_text(error_file, 'ERRORFILE').rstrip('/')}/{reject_folder}"
    return build_statement(
        table=arguments.table,
        external_locations=arguments.external_locations,
        columns=arguments.columns,
        file_type=arguments.file_type,
        file_format=arguments.file_format,
        credential=arguments.credential,
        error_file=error_file,
        error_file_credential=arguments.error_file_credential,
        max_errors=arguments.max_errors,
        compression=arguments.compression,
        field_quote=arguments.field_quote,
        field_terminator=arguments.field_terminator,
        row_terminator=arguments.row_terminator,
        first_row=arguments.first_row,
        date_format=arguments.date_format,
        encoding=arguments.encoding,
        identity_insert=arguments.identity_insert,
        auto_create_table=arguments.auto_create_table,
        label=label,
    )


def with_credentials(
    statement: CopyStatement,
    arguments: CopyArguments,
    storage: SynapseStorageHook | None,
    error_storage: SynapseStorageHook | None,
) -> CopyStatement:
    """Add the credentials that the connections hold, where none were given.

    :raises CredentialError: A connection does not hold the credential that is needed.
    """
    if arguments.credential is None and storage:
        statement = replace(statement, credential=storage.source_credential(statement.external_locations[0]))
    error_file = statement.error_file
    if error_file is None or arguments.error_file_credential or not error_storage:
        return statement
    if arguments.credential and error_file.is_relative:
        return statement  # COPY uses the credential that was given
    # A whole URL, so that the credential for reading needs no right to write.
    folder = error_folder(error_file, statement)
    credential = error_storage.error_file_credential(folder)
    return replace(statement, error_file=ErrorFile(directory=folder.url, credential=credential))


def check_targets(options: LoadOptions, copy: CopyStatement) -> None:
    """Refuse temporary tables.

    :raises CopyOptionError: The target, or the ledger, is one.
    """
    for table in (copy.target, options.ledger_table):
        if table is not None and table.is_temporary:
            raise CopyOptionError(
                f"{table} is a temporary table, which is gone with its rows when the session of the load ends: name "
                "another table."
            )


def check_create_table(arguments: CopyArguments, copy: CopyStatement) -> None:
    """Check ``create_table`` as far as that goes without the files.

    :raises CopyOptionError: It is wrong, or another argument makes the table.
    """
    create_table = arguments.create_table
    if create_table is None:
        return
    if copy.auto_create_table:
        raise CopyOptionError("Of create_table and auto_create_table, one can make the table: leave one out.")
    if needs_files(create_table) and (copy.file_type != "PARQUET" or not arguments.storage_conn_id):
        raise CopyOptionError(
            "create_table lists no columns. They can be taken from Parquet files, with storage_conn_id, only."
        )
    check_ahead(copy.target, create_table)


def _texts(values: object) -> tuple[str, ...]:
    """Return one value, or several, as texts: templates that render native objects make numbers of some."""
    if values is None:
        return ()
    several = values if isinstance(values, Iterable) and not isinstance(values, str) else (values,)
    return tuple(value.isoformat() if isinstance(value, date) else str(value) for value in several)
