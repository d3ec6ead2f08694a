"""The objects of the database. They live in Python, and as JSON in the DuckDB file so that a restart keeps them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final, TypeVar, cast

import duckdb

from airflow_synapse.local.catalog.model import Statistics, Table, table_from_text, table_to_text
from airflow_synapse.local.catalog.stored_objects import (
    AnyNamed,
    NamedObject,
    is_named_object,
    kind_of,
    object_from_text,
    object_to_text,
)
from airflow_synapse.local.copy.environment import Identity
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.typed import quote_name

#: Schemas that every database has; they hold no tables of users.
SYSTEM_SCHEMAS: Final = ("sys", "INFORMATION_SCHEMA")
#: Names that mean something else in DuckDB.
_RESERVED: Final = frozenset({"main", "temp", "system", "pg_catalog", "information_schema", "sys", "__pool"})
_FIRST_OBJECT_ID: Final = 100_000

_Key = TypeVar("_Key")
_Object = TypeVar("_Object")


class Catalog:
    """Tables, schemas, statistics, and what external tables are made of.

    Every method may be called from any thread. What changes an object is given the DuckDB cursor of the statement: the
    object's text is written inside the statement's transaction. Whoever ends that transaction says how it ended, with
    :meth:`keep` or :meth:`undo`.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._lock = threading.RLock()
        self._tables: dict[tuple[str, str], Table] = {}
        self._schemas: dict[str, tuple[int, str]] = {}
        self._named: dict[tuple[type[NamedObject], str], NamedObject] = {}
        self._statistics: dict[tuple[int, str], Statistics] = {}
        self._next_identity: dict[int, int] = {}
        self._next_id = _FIRST_OBJECT_ID
        self._undo: dict[int, list[Callable[[], None]]] = {}
        connection.execute("CREATE SCHEMA IF NOT EXISTS __pool")
        connection.execute("CREATE TABLE IF NOT EXISTS __pool.objects (kind VARCHAR, key VARCHAR, document VARCHAR)")
        self._load(connection)
        if "dbo" not in self._schemas:
            self.create_schema(connection, "dbo")
            self.keep(connection)

    def new_id(self) -> int:
        """Return a new object id."""
        with self._lock:
            self._next_id += 1
            return self._next_id

    # Schemas --------------------------------------------------------------------------------------------------------

    def schemas(self) -> list[tuple[int, str]]:
        """Return id and name of every schema."""
        with self._lock:
            return sorted(self._schemas.values())

    def has_schema(self, name: str) -> bool:
        """Return whether the schema exists."""
        return name.lower() in self._schemas

    def create_schema(self, cursor: duckdb.DuckDBPyConnection, name: str) -> None:
        """Create a schema.

        :raises PoolError: 2714, it exists; 2760, its name is reserved.
        """
        with self._lock:
            if self.has_schema(name):
                raise PoolError(2714, f"There is already an object named '{name}' in the database.")
            if name.lower() in _RESERVED:
                raise PoolError(2760, f"The schema name '{name}' is reserved in the local pool.")
            schema_id = max((number for number, _ in self._schemas.values()), default=0) + 1
            schema_id = schema_id if name == "dbo" else max(schema_id, 5)
            cursor.execute(f"CREATE SCHEMA {quote_name(name)}")
            self._write(cursor, "schema", name.lower(), json.dumps([schema_id, name]))
            self.put(cursor, self._schemas, name.lower(), (schema_id, name))

    def drop_schema(self, cursor: duckdb.DuckDBPyConnection, name: str) -> None:
        """Drop an empty schema.

        :raises PoolError: 15151, it does not exist; 3729, it holds objects.
        """
        with self._lock:
            if not self.has_schema(name):
                raise PoolError(15151, f"Cannot drop the schema '{name}', because it does not exist.")
            held = next((table for table in self.tables() if table.schema.lower() == name.lower()), None)
            if held is not None or name.lower() == "dbo":
                what = held.name if held else "dbo"
                raise PoolError(3729, f"Cannot drop schema '{name}' because it is being referenced by object '{what}'.")
            cursor.execute(f"DROP SCHEMA {quote_name(name)}")
            self._delete(cursor, "schema", name.lower())
            self.remove(cursor, self._schemas, name.lower())

    # Tables ---------------------------------------------------------------------------------------------------------

    def tables(self) -> list[Table]:
        """Return every table, by schema and name."""
        with self._lock:
            return [self._tables[key] for key in sorted(self._tables)]

    def find_table(self, schema: str, name: str) -> Table | None:
        """Return the table, None when there is none."""
        return self._tables.get((schema.lower(), name.lower()))

    def find_object(self, object_id: int) -> Table | None:
        """Return the table with that id, None when there is none."""
        return next((table for table in self.tables() if table.object_id == object_id), None)

    def add_table(self, cursor: duckdb.DuckDBPyConnection, table: Table) -> None:
        """Add a table that was created in DuckDB by the same cursor."""
        with self._lock:
            self._write(cursor, "table", f"{table.schema}.{table.name}".lower(), table_to_text(table))
            self.put(cursor, self._tables, (table.schema.lower(), table.name.lower()), table)

    def remove_table(self, cursor: duckdb.DuckDBPyConnection, table: Table) -> None:
        """Remove a table that was dropped in DuckDB by the same cursor."""
        with self._lock:
            self._delete(cursor, "table", f"{table.schema}.{table.name}".lower())
            for key, statistics in list(self._statistics.items()):
                if statistics.object_id == table.object_id:
                    self._delete(cursor, "statistics", _statistics_key(statistics))
                    self.remove(cursor, self._statistics, key)
            self.remove(cursor, self._tables, (table.schema.lower(), table.name.lower()))

    def replace_table(self, cursor: duckdb.DuckDBPyConnection, old: Table, new: Table) -> None:
        """Put ``new``, of the same object id, in the place of ``old``: its name or its partitions changed."""
        with self._lock:
            self._delete(cursor, "table", f"{old.schema}.{old.name}".lower())
            self.remove(cursor, self._tables, (old.schema.lower(), old.name.lower()))
            self.add_table(cursor, new)

    def next_identity(self, cursor: duckdb.DuckDBPyConnection, table: Table, count: int) -> int:
        """Reserve ``count`` identity values and return the first.

        The caller holds the table's write lock. Values are not reused after a rollback.

        Assumption: Identity values of the local pool follow each other without the gaps that the 60 distributions of a
        real pool make.
        """
        with self._lock:
            first = self._next_identity.get(table.object_id)
            if first is None:
                first = _behind_rows(cursor, table)
            self._next_identity[table.object_id] = first + count * _identity(table)[1].increment
            return first

    def pass_identity(self, cursor: duckdb.DuckDBPyConnection, table: Table) -> None:
        """Go on behind the values that a statement gave itself. Source: T-SQL reference, SET IDENTITY_INSERT."""
        with self._lock:
            known = self._next_identity.get(table.object_id)
            if known is not None:
                _, identity = _identity(table)
                self._next_identity[table.object_id] = identity.further(known, _behind_rows(cursor, table))

    def restart_identity(self, table: Table) -> None:
        """Begin at the seed again, as TRUNCATE TABLE does."""
        with self._lock:
            column = table.identity_column
            if column is not None and column.identity is not None:
                self._next_identity[table.object_id] = column.identity.seed

    # What external tables are made of; users, roles and permissions ---------------------------------------------------

    def named(self, kind: type[AnyNamed]) -> list[AnyNamed]:
        """Return every object of that type, by name."""
        with self._lock:
            return [found for key in sorted(self._named, key=str) if isinstance(found := self._named[key], kind)]

    def find_named(self, kind: type[AnyNamed], name: str) -> AnyNamed | None:
        """Return the object of that type and name, None when there is none."""
        found = self._named.get((kind, name.lower()))
        return found if isinstance(found, kind) else None

    def put_named(self, cursor: duckdb.DuckDBPyConnection, found: NamedObject) -> None:
        """Create an object, or replace the one of that name."""
        with self._lock:
            self._write(cursor, kind_of(found), found.name.lower(), object_to_text(found))
            self.put(cursor, self._named, (type(found), found.name.lower()), found)

    def remove_named(self, cursor: duckdb.DuckDBPyConnection, found: NamedObject) -> None:
        """Remove an object."""
        with self._lock:
            self._delete(cursor, kind_of(found), found.name.lower())
            self.remove(cursor, self._named, (type(found), found.name.lower()))

    # Statistics -----------------------------------------------------------------------------------------------------

    def statistics(self) -> list[Statistics]:
        """Return every statistics object."""
        with self._lock:
            return sorted(self._statistics.values(), key=lambda found: found.stats_id)

    def find_statistics(self, table: Table, name: str) -> Statistics | None:
        """Return the statistics object of a table, None when there is none of that name."""
        return self._statistics.get((table.object_id, name.lower()))

    def put_statistics(self, cursor: duckdb.DuckDBPyConnection, found: Statistics) -> None:
        """Create a statistics object, or replace it after an update."""
        with self._lock:
            document = [found.stats_id, found.name, found.object_id, found.columns, found.updated.isoformat()]
            self._write(cursor, "statistics", _statistics_key(found), json.dumps(document))
            self.put(cursor, self._statistics, (found.object_id, found.name.lower()), found)

    def drop_statistics(self, cursor: duckdb.DuckDBPyConnection, found: Statistics) -> None:
        """Drop a statistics object."""
        with self._lock:
            self._delete(cursor, "statistics", _statistics_key(found))
            self.remove(cursor, self._statistics, (found.object_id, found.name.lower()))

    # Undoing --------------------------------------------------------------------------------------------------------

    def put(self, cursor: duckdb.DuckDBPyConnection, objects: dict[_Key, _Object], key: _Key, value: _Object) -> None:
        """Put an object among others; :meth:`undo` takes it away again, or puts back what it has replaced."""
        self._remember(cursor, objects, key)
        objects[key] = value

    def remove(self, cursor: duckdb.DuckDBPyConnection, objects: dict[_Key, _Object], key: _Key) -> None:
        """Remove an object from others; :meth:`undo` puts it back."""
        self._remember(cursor, objects, key)
        del objects[key]

    def keep(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Keep what was changed with the cursor: its transaction was committed."""
        with self._lock:
            self._undo.pop(id(cursor), None)

    def undo(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Undo what was changed with the cursor: its transaction was rolled back."""
        with self._lock:
            for take_back in reversed(self._undo.pop(id(cursor), [])):
                take_back()

    def _remember(self, cursor: duckdb.DuckDBPyConnection, objects: dict[_Key, _Object], key: _Key) -> None:
        was_there, before = key in objects, objects.get(key)

        def take_back() -> None:
            if was_there:
                objects[key] = cast("_Object", before)
            else:
                objects.pop(key, None)

        self._undo.setdefault(id(cursor), []).append(take_back)

    # Persistence ----------------------------------------------------------------------------------------------------

    @staticmethod
    def _delete(cursor: duckdb.DuckDBPyConnection, kind: str, key: str) -> None:
        cursor.execute("DELETE FROM __pool.objects WHERE kind = ? AND key = ?", [kind, key]).fetchall()

    def _write(self, cursor: duckdb.DuckDBPyConnection, kind: str, key: str, document: str) -> None:
        self._delete(cursor, kind, key)
        cursor.execute("INSERT INTO __pool.objects VALUES (?, ?, ?)", [kind, key, document]).fetchall()

    def _load(self, connection: duckdb.DuckDBPyConnection) -> None:
        for kind, document in _documents(connection):
            if kind == "schema":
                schema_id, name = json.loads(document)
                self._schemas[name.lower()] = (schema_id, name)
            elif kind == "table":
                table = table_from_text(document)
                self._tables[table.schema.lower(), table.name.lower()] = table
                self._next_id = max(self._next_id, table.object_id)
            elif is_named_object(kind):
                made = object_from_text(kind, document)
                self._named[type(made), made.name.lower()] = made
                self._next_id = max(self._next_id, getattr(made, "object_id", 0))
            elif kind == "statistics":
                stats_id, name, object_id, columns, updated = json.loads(document)
                found = Statistics(stats_id, name, object_id, tuple(columns), datetime.fromisoformat(updated))
                self._statistics[object_id, name.lower()] = found


def _identity(table: Table) -> tuple[str, Identity]:
    column = table.identity_column
    if column is None or column.identity is None:
        raise PoolError(8106, f"Table '{table.display_name}' does not have the identity property.")
    return column.name, column.identity


def _behind_rows(cursor: duckdb.DuckDBPyConnection, table: Table) -> int:
    """Return the seed, or what follows the rows of a table that are further."""
    name, identity = _identity(table)
    extreme = "max" if identity.increment > 0 else "min"
    # Read to its end: COPY's insertion cannot use a connection on which a result is unfinished.
    ((last,),) = cursor.execute(f"SELECT {extreme}({quote_name(name)}) FROM {table.duckdb_name}").fetchall()
    return identity.seed if last is None else identity.further(identity.seed, int(last) + identity.increment)


def _documents(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    yield from connection.execute("SELECT kind, document FROM __pool.objects").fetchall()


def _statistics_key(found: Statistics) -> str:
    return f"{found.object_id}.{found.name}".lower()
