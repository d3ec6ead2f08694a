"""The least engine that the TDS server can stand in front of: a DuckDB database that runs what it is sent.

It knows no T-SQL. A few forms exist only to make the server show its behavior: ``PRINT 'text'``, ``THROW number`` and
column aliases that declare a T-SQL type, as in ``SELECT 1.5 AS "price::money"``.
"""

import re
import threading
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from airflow_synapse.local.errors import PoolError, StatementCancelled
from airflow_synapse.local.protocol import Done, Information, ResultColumn, Rows
from airflow_synapse.local.sql_types import MAX, SqlType
from airflow_synapse.local.tsql.data_types import parse_type

USER, PASSWORD, TOKEN = "loader", "Pa;ss{wörd=1", "a-token-of-the-test"

_TYPES = {
    "BOOLEAN": SqlType("bit"),
    "UTINYINT": SqlType("tinyint"),
    "SMALLINT": SqlType("smallint"),
    "INTEGER": SqlType("int"),
    "BIGINT": SqlType("bigint"),
    "FLOAT": SqlType("real"),
    "DOUBLE": SqlType("float"),
    "VARCHAR": SqlType("nvarchar", MAX),
    "BLOB": SqlType("varbinary", MAX),
    "DATE": SqlType("date"),
    "TIME": SqlType("time", scale=6),
    "TIMESTAMP": SqlType("datetime2", scale=6),
    "TIMESTAMP WITH TIME ZONE": SqlType("datetimeoffset", scale=6),
    "UUID": SqlType("uniqueidentifier"),
    "HUGEINT": SqlType("decimal", precision=38, scale=0),
}
_ERRORS = {
    duckdb.CatalogException: 208,
    duckdb.BinderException: 207,
    duckdb.ConversionException: 245,
    duckdb.ConstraintException: 2627,
    duckdb.ParserException: 102,
}
_DATATYPE_INFO = [("varchar", 12, 8000), ("nvarchar", -9, 4000), ("varbinary", -3, 8000), ("datetime2", 93, 27)]


class ToyPool:
    """Logs clients in; keeps the sessions for the tests to look at."""

    def __init__(self):
        self.database = duckdb.connect()
        self.sessions = []
        self.requests = []

    def login(self, request):
        self.requests.append(request)
        if request.database == "nowhere":
            raise PoolError(4060, 'Cannot open database "nowhere".', severity=11)
        if request.access_token != TOKEN and (request.user, request.password) != (USER, PASSWORD):
            raise PoolError(18456, f"Login failed for user '{request.user}'.", severity=14)
        session = ToySession(self.database.cursor(), len(self.sessions) + 51)
        self.sessions.append(session)
        return session


@dataclass
class ToySession:
    cursor: duckdb.DuckDBPyConnection
    spid: int
    database: str = "toy"
    transactions: int = 0
    rows_encoded: int = 0
    many_calls: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    cancels: int = 0
    lost_cancels: int = 0  # as when one comes between two queries of a statement
    running: bool = False
    resets: int = 0
    fetching: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)

    @property
    def in_transaction(self):
        return self.transactions > 0

    def execute(self, text, parameters=()):
        self.stop.clear()
        self.running = True
        text = text.replace("@@TRANCOUNT", str(self.transactions)).replace("@@MANY_CALLS", str(self.many_calls))
        values = {parameter.name.lstrip("@"): parameter.value for parameter in parameters}
        for name in values:
            text = re.sub(rf"@{name}\b", f"${name}", text)
        for statement in filter(str.strip, text.split(";")):
            yield from self._guarded(self._run(statement.strip(), values))
        self.running = False

    def _run(self, statement, values):
        if match := re.fullmatch(r"PRINT '(.*)'", statement):
            yield Information(0, match[1])
        elif match := re.fullmatch(r"THROW (\d+)(?: CLASS (\d+))?", statement):
            raise PoolError(int(match[1]), "thrown by the test", severity=int(match[2] or 16))
        elif match := re.match(r"sp_datatype_info\w* (-?\d+)", statement):  # FreeTDS sends it as text
            yield self._datatype_info(int(match[1]))
        elif statement == "CRASH":
            raise RuntimeError("a defect whose text quotes " + TOKEN)
        elif statement in {"BEGIN TRANSACTION", "COMMIT", "ROLLBACK"}:
            {"BEGIN TRANSACTION": self.begin, "COMMIT": self.commit, "ROLLBACK": self.rollback}[statement]()
            yield Done()
        elif statement.upper().startswith(("SELECT", "WITH", "FROM")):
            used = {name: value for name, value in values.items() if re.search(rf"\${name}\b", statement)}
            yield self._select(self.cursor.sql(statement, params=used or None))
        else:
            used = {name: value for name, value in values.items() if re.search(rf"\${name}\b", statement)}
            counted = self.cursor.execute(statement, used).fetchall()
            is_dml = statement.upper().startswith(("INSERT", "UPDATE", "DELETE"))
            yield Done(counted[0][0] if is_dml else None)

    def _select(self, relation):
        columns = []
        for name, duckdb_type in zip(relation.columns, map(str, relation.types), strict=True):
            plain, _, declared = name.partition("::")
            if declared:
                sql_type = parse_type(declared)
            elif match := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", duckdb_type):
                sql_type = SqlType("decimal", precision=int(match[1]), scale=int(match[2]))
            else:
                sql_type = _TYPES.get(duckdb_type, SqlType("int"))
            columns.append(ResultColumn(plain, sql_type))
        return Rows(tuple(columns), self._guarded(self._batches(relation)))

    def _batches(self, relation):
        self.fetching.set()
        for batch in relation.to_arrow_reader(8192):
            self.rows_encoded += batch.num_rows
            yield batch

    def _guarded(self, items):
        try:
            for item in items:
                if self.stop.is_set():
                    raise StatementCancelled
                yield item
        except duckdb.InterruptException:
            raise StatementCancelled from None
        except OSError as error:  # how errors of DuckDB come through pyarrow
            if "INTERRUPT" in str(error):
                raise StatementCancelled from None
            raise PoolError(245, str(error)) from None
        except duckdb.Error as error:
            raise PoolError(_ERRORS.get(type(error), 50000), str(error)) from None

    def execute_many(self, text, rows):
        self.many_calls += 1
        if not text.startswith("INSERT") or self.in_transaction:
            return False
        self.cursor.execute("BEGIN TRANSACTION")
        try:
            for row in rows:
                list(self.execute(text, row))
        except PoolError:
            self.cursor.execute("ROLLBACK")
            return False
        self.cursor.execute("COMMIT")
        return True

    def call(self, procedure, parameters):
        if "sp_datatype_info" in procedure:
            yield self._datatype_info(int(parameters[0].value))
        elif procedure == "double_it":
            table = pa.table({"doubled": pa.array([2 * parameters[0].value], pa.int32())})
            yield Rows((ResultColumn("doubled", SqlType("int")),), iter(table.to_batches()))
        else:
            raise PoolError(2812, f"Could not find stored procedure '{procedure}'.")

    def _datatype_info(self, wanted):
        """20 columns, of which pyodbc reads the third: the longest value that it may bind without (max)."""
        columns = tuple(
            ResultColumn(name, SqlType("int")) for name in ("type_name", "data_type", "precision", *"x" * 17)
        )
        found = [row for row in _DATATYPE_INFO if row[1] == wanted]
        arrays = [
            pa.array([row[index] if index in {1, 2} else None for row in found], pa.int32()) for index in range(3)
        ]
        arrays += [arrays[0]] * 17
        return Rows(columns, iter([pa.RecordBatch.from_arrays(arrays, [column.name for column in columns])]))

    def describe_parameters(self, text):
        table = re.search(r"INSERT INTO (\w+)", text)[1]
        types = self.cursor.sql(f"SELECT * FROM {table}").types
        decimals = re.compile(r"DECIMAL\((\d+),(\d+)\)")
        for index, duckdb_type in enumerate(map(str, types), 1):
            match = decimals.fullmatch(duckdb_type)
            sql_type = SqlType("decimal", precision=int(match[1]), scale=int(match[2])) if match else None
            yield f"@P{index}", sql_type or _TYPES[duckdb_type]

    outlives_client = False

    def attach(self, drop_link):
        """No fault breaks a connection of the toy pool."""

    def begin(self):
        if not self.transactions:
            self.cursor.execute("BEGIN TRANSACTION")
        self.transactions += 1

    def commit(self):
        if not self.transactions:
            raise PoolError(3902, "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.")
        self.transactions -= 1
        if not self.transactions:
            self.cursor.execute("COMMIT")

    def rollback(self):
        if self.transactions:
            self.cursor.execute("ROLLBACK")
        self.transactions = 0

    def cancel(self):
        self.cancels += 1
        if self.cancels <= self.lost_cancels:
            return
        self.stop.set()
        self.cursor.interrupt()

    def reset(self):
        self.resets += 1
        self.rollback()

    def close(self):
        self.rollback()
        self.cursor.close()
        self.closed.set()
