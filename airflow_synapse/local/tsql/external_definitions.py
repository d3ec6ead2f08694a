"""Run the statements for master keys, scoped credentials, external data sources and external file formats."""

from __future__ import annotations

from dataclasses import replace

from airflow_synapse.local.catalog.catalog import Catalog
from airflow_synapse.local.catalog.clock import now
from airflow_synapse.local.catalog.external_objects import (
    MASTER_KEY,
    DataSource,
    FileFormat,
    MasterKey,
    ScopedCredential,
)
from airflow_synapse.local.catalog.stored_objects import NamedObject
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.external.locations import read_source_location
from airflow_synapse.local.tsql.external_statements import (
    CreateDataSource,
    CreateFileFormat,
    CreateMasterKey,
    DropCredential,
    DropDataSource,
    DropFileFormat,
    DropMasterKey,
    PutCredential,
)
from airflow_synapse.local.tsql.session_state import SessionState


def create_master_key(state: SessionState, _: CreateMasterKey) -> None:
    """Run CREATE MASTER KEY.

    Source of the numbers here: sql-docs, Database engine errors 15000 to 15999.

    :raises PoolError: 15578, there is one.
    """
    catalog = state.database.catalog
    if catalog.find_named(MasterKey, MASTER_KEY) is not None:
        raise PoolError(
            15578, "There is already a master key in the database. Please drop it before performing this statement."
        )
    with state.writing() as cursor:
        catalog.put_named(cursor, MasterKey(catalog.new_id()))


def drop_master_key(state: SessionState, _: DropMasterKey) -> None:
    """Run DROP MASTER KEY.

    :raises PoolError: 15151, there is none; 15580, a credential needs it.
    """
    catalog = state.database.catalog
    found = catalog.find_named(MasterKey, MASTER_KEY)
    if found is None:
        raise _missing("drop", "symmetric key", "master key")
    user = next(iter(catalog.named(ScopedCredential)), None)
    if user is not None:
        raise PoolError(15580, f"Cannot drop master key because credential '{user.name}' is encrypted by it.")
    _drop(state, found)


def put_credential(state: SessionState, statement: PutCredential) -> None:
    """Run CREATE or ALTER DATABASE SCOPED CREDENTIAL.

    ALTER replaces both values; without SECRET the new one has none. Source: ALTER DATABASE SCOPED CREDENTIAL.

    :raises PoolError: 15581, there is no master key; 2714, the name is taken; 15151, there is no such credential.
    """
    catalog = state.database.catalog
    if catalog.find_named(MasterKey, MASTER_KEY) is None:
        message = "Please create a master key in the database or open the master key in the session before performing"
        raise PoolError(15581, f"{message} this operation.")
    known = catalog.find_named(ScopedCredential, statement.name)
    if statement.replaces and known is None:
        raise _missing("alter", "credential", statement.name)
    if not statement.replaces and known is not None:
        raise _taken("database scoped credential", statement.name)
    if known is not None:
        found = replace(known, identity=statement.identity, secret=statement.secret, modified=now())
    else:
        found = ScopedCredential(catalog.new_id(), statement.name, statement.identity, statement.secret)
    with state.writing() as cursor:
        catalog.put_named(cursor, found)


def drop_credential(state: SessionState, statement: DropCredential) -> None:
    """Run DROP DATABASE SCOPED CREDENTIAL.

    :raises PoolError: 15151, there is none of that name; 3716, a data source uses it.
    """
    catalog = state.database.catalog
    found = catalog.find_named(ScopedCredential, statement.name)
    if found is None:
        raise _missing("drop", "credential", statement.name)
    users = (source.name for source in catalog.named(DataSource) if source.credential_id == found.object_id)
    _drop_unused(state, found, "credential", next(users, None))


def create_data_source(state: SessionState, statement: CreateDataSource) -> None:
    """Run CREATE EXTERNAL DATA SOURCE; the storage is not asked. Source: its reference.

    :raises PoolError: 2714, the name is taken; 15151, there is no such credential.
    """
    catalog = state.database.catalog
    if catalog.find_named(DataSource, statement.name) is not None:
        raise _taken("external data source", statement.name)
    read_source_location(statement.location)
    credential = None
    if statement.credential is not None:
        credential = catalog.find_named(ScopedCredential, statement.credential)
        if credential is None:
            raise _missing("find", "credential", statement.credential)
    credential_id = None if credential is None else credential.object_id
    found = DataSource(catalog.new_id(), statement.name, statement.location, credential_id, statement.hadoop)
    with state.writing() as cursor:
        catalog.put_named(cursor, found)


def drop_data_source(state: SessionState, statement: DropDataSource) -> None:
    """Run DROP EXTERNAL DATA SOURCE.

    :raises PoolError: 15151, there is none of that name; 3716, an external table uses it.
    """
    catalog = state.database.catalog
    found = catalog.find_named(DataSource, statement.name)
    if found is None:
        raise _missing("drop", "external data source", statement.name)
    _drop_unused(state, found, "external data source", _table_that_uses(catalog, found))


def create_file_format(state: SessionState, statement: CreateFileFormat) -> None:
    """Run CREATE EXTERNAL FILE FORMAT.

    :raises PoolError: 2714, the name is taken.
    """
    catalog = state.database.catalog
    if catalog.find_named(FileFormat, statement.name) is not None:
        raise _taken("external file format", statement.name)
    with state.writing() as cursor:
        catalog.put_named(cursor, FileFormat(catalog.new_id(), statement.name, statement.options))


def drop_file_format(state: SessionState, statement: DropFileFormat) -> None:
    """Run DROP EXTERNAL FILE FORMAT.

    :raises PoolError: 15151, there is none of that name; 3716, an external table uses it.
    """
    catalog = state.database.catalog
    found = catalog.find_named(FileFormat, statement.name)
    if found is None:
        raise _missing("drop", "external file format", statement.name)
    _drop_unused(state, found, "external file format", _table_that_uses(catalog, found))


def _table_that_uses(catalog: Catalog, found: DataSource | FileFormat) -> str | None:
    for table in catalog.tables():
        if table.external and found.object_id in {table.external.data_source_id, table.external.file_format_id}:
            return table.display_name
    return None


def _drop_unused(state: SessionState, found: NamedObject, what: str, user: str | None) -> None:
    """Assumption: What an external object still uses is not dropped: number 3716, as for other bound objects."""
    if user is not None:
        raise PoolError(3716, f"The {what} '{found.name}' cannot be dropped because '{user}' uses it.")
    _drop(state, found)


def _drop(state: SessionState, found: NamedObject) -> None:
    with state.writing() as cursor:
        state.database.catalog.remove_named(cursor, found)


def _taken(what: str, name: str) -> PoolError:
    """Assumption: A second external object of one kind and name is refused with number 2714."""
    return PoolError(2714, f"There is already an object of type {what} named '{name}'.")


def _missing(verb: str, what: str, name: str) -> PoolError:
    return PoolError(
        15151, f"Cannot {verb} the {what} '{name}', because it does not exist or you do not have permission."
    )
