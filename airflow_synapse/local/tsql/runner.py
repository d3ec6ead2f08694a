"""Run one parsed statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, get_args

from airflow_synapse.local.catalog.procedures import call_procedure
from airflow_synapse.local.catalog.requests import Request
from airflow_synapse.local.copy.request import CopyRequest
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.faults import RUNNING
from airflow_synapse.local.protocol import Done, Information, Outcome, Parameter
from airflow_synapse.local.sql_types import SqlType
from airflow_synapse.local.tsql import (
    changes,
    definitions,
    external_definitions,
    external_tables,
    merging,
    renaming,
    security,
    switching,
)
from airflow_synapse.local.tsql.authorization import authorize
from airflow_synapse.local.tsql.conversion import convert
from airflow_synapse.local.tsql.copying import copy_into
from airflow_synapse.local.tsql.external_statements import (
    CreateDataSource,
    CreateExternalTable,
    CreateExternalTableAsSelect,
    CreateFileFormat,
    CreateMasterKey,
    DropCredential,
    DropDataSource,
    DropExternalTable,
    DropFileFormat,
    DropMasterKey,
    ExternalStatement,
    PutCredential,
)
from airflow_synapse.local.tsql.query_binder import BoundColumn, BoundQuery
from airflow_synapse.local.tsql.results import run_query
from airflow_synapse.local.tsql.security_statements import (
    ChangePermissions,
    CreateRole,
    CreateUser,
    DropPrincipal,
    SecurityStatement,
)
from airflow_synapse.local.tsql.session_state import SessionState, Variable
from airflow_synapse.local.tsql.statements import (
    Body,
    Change,
    ChangeBoundary,
    Copy,
    CreateSchema,
    CreateStatistics,
    CreateTable,
    CreateTableAsSelect,
    Declare,
    DropSchema,
    DropStatistics,
    DropTable,
    Execute,
    Insert,
    Kill,
    Merge,
    Print,
    Query,
    RenameTable,
    Select,
    SetOption,
    SetVariable,
    Switch,
    Transaction,
    TruncateTable,
    UpdateStatistics,
)
from airflow_synapse.local.tsql.typed import Typed

#: Source: azure-docs sql-data-warehouse-develop-transactions, Limitations (no DDL); number and text 111212 from
#: azure-docs data-factory, data flow troubleshooting.
#: Assumption: ALTER TABLE SWITCH in a user transaction is refused as DDL, although one document lists it among the
#: minimally logged operations that may take part in one.
#: Assumption: CREATE USER, CREATE ROLE, GRANT, DENY and REVOKE in a user transaction are refused as DDL.
_REFUSED_IN_A_TRANSACTION: Final = (
    CreateTable,
    CreateTableAsSelect,
    DropTable,
    CreateSchema,
    DropSchema,
    *get_args(ExternalStatement),
    *get_args(SecurityStatement),
    CreateStatistics,
    UpdateStatistics,
    DropStatistics,
    Switch,
    ChangeBoundary,
    RenameTable,
)


#: Statements that have no result, and what runs them.
_ACTIONS: Final[dict[type, Callable[[SessionState, Any], None]]] = {
    CreateTable: definitions.create_table,
    DropTable: definitions.drop_table,
    TruncateTable: definitions.truncate,
    Switch: switching.switch,
    ChangeBoundary: switching.change_boundary,
    RenameTable: renaming.rename,
    CreateStatistics: definitions.create_statistics,
    UpdateStatistics: definitions.update_statistics,
    DropStatistics: definitions.drop_statistics,
    CreateMasterKey: external_definitions.create_master_key,
    DropMasterKey: external_definitions.drop_master_key,
    PutCredential: external_definitions.put_credential,
    DropCredential: external_definitions.drop_credential,
    CreateDataSource: external_definitions.create_data_source,
    DropDataSource: external_definitions.drop_data_source,
    CreateFileFormat: external_definitions.create_file_format,
    DropFileFormat: external_definitions.drop_file_format,
    CreateExternalTable: external_tables.create,
    DropExternalTable: external_tables.drop,
    CreateUser: security.create_user,
    CreateRole: security.create_role,
    DropPrincipal: security.drop_principal,
    ChangePermissions: security.change_permissions,
}


class StatementRunner:
    """Runs the statements of one session.

    :param kill: Ends the session of that id, or raises a PoolError.
    """

    def __init__(self, state: SessionState, kill: Callable[[str], None]) -> None:
        self._state = state
        self._kill = kill
        self._run: dict[type, Callable[..., Iterator[Outcome]]] = {
            Select: self._select,
            Execute: self._execute,
            Print: self._print,
            Insert: lambda body: self._counted(changes.insert(self._state, body)),
            Change: lambda body: self._counted(changes.change(self._state, body)),
            Merge: lambda body: self._counted(merging.merge(self._state, body)),
            CreateTableAsSelect: lambda body: self._counted(definitions.create_table_as_select(self._state, body)),
        }
        self._act: dict[type, Callable[..., None]] = {
            CreateSchema: self._create_schema,
            DropSchema: self._drop_schema,
            Transaction: self._transaction,
            Declare: self._declare,
            SetVariable: self._set_variable,
            SetOption: self._set_option,
            Kill: lambda body: self._kill(body.session_id),
        }

    def run(self, body: Body, request: Request) -> Iterator[Outcome]:
        """Run a statement; an outcome that has rows is read before the next one is asked for.

        :raises PoolError: It fails.
        """
        if self._state.transaction is not None and isinstance(body, _REFUSED_IN_A_TRANSACTION):
            raise PoolError(111212, "111212;Operation cannot be performed within a transaction.")
        authorize(self._state, body)
        if isinstance(body, Copy):
            assert isinstance(body.request, CopyRequest)  # noqa: S101 - parse_copy made it
            yield Done(copy_into(self._state, request, body.request).rows_loaded)
        elif isinstance(body, CreateExternalTableAsSelect):
            yield Done(external_tables.create_as_select(self._state, request, body))
        elif type(body) in self._run:
            yield from self._run[type(body)](body)
        elif type(body) in _ACTIONS:
            _ACTIONS[type(body)](self._state, body)
            yield Done()
        else:
            self._act[type(body)](body)
            yield Done()

    @staticmethod
    def _counted(count: int) -> Iterator[Outcome]:
        yield Done(count)

    def _select(self, body: Select) -> Iterator[Outcome]:
        bound = self._state.bind(body.query)
        self._state.faults.reach(RUNNING)
        yield run_query(self._state.cursor, bound, self._state.take_parameters(bound.sql))

    def _print(self, body: Print) -> Iterator[Outcome]:
        _, value = self._state.evaluate(body.value)
        yield Information(0, "" if value is None else str(value))

    def _execute(self, body: Execute) -> Iterator[Outcome]:
        arguments = [(name, *self._state.evaluate(query)) for name, query in body.arguments]
        parameters = [Parameter(name, found, value) for name, found, value in arguments]
        yield from call_procedure(self._state, body.procedure, parameters)

    # Variables and options ------------------------------------------------------------------------------------------

    def _declare(self, body: Declare) -> None:
        for name, declared, query in body.variables:
            if name.lower() in self._state.variables:
                message = f"The variable name '{name}' has already been declared."
                raise PoolError(134, message, severity=15)
            value = None if query is None else self._converted(query, declared)
            self._state.variables[name.lower()] = Variable(declared, value)

    def _set_variable(self, body: SetVariable) -> None:
        variable = self._state.variables.get(body.name.lower())
        if variable is None:
            raise PoolError(137, f'Must declare the scalar variable "{body.name}".', severity=15)
        variable.value = self._converted(body.value, variable.type)

    def _converted(self, query: Query, target: SqlType) -> object:
        """Return the value of an expression in the type of a variable; text that is too long is cut."""
        bound = self._state.bind(query)
        value = convert(Typed("given.value", bound.columns[0].type), target)
        sql = f"SELECT {value.sql} AS value FROM ({bound.sql}) AS given(value)"
        rows = run_query(
            self._state.cursor, BoundQuery(sql, (BoundColumn("value", target),)), self._state.take_parameters(sql)
        )
        return next((batch.column(0)[0].as_py() for batch in rows.batches if batch.num_rows), None)

    def _set_option(self, body: SetOption) -> None:
        if body.name == "IDENTITY_INSERT":
            self._identity_insert(body)
            return
        for name in body.name.split(","):
            self._state.options[name] = body.value

    def _identity_insert(self, body: SetOption) -> None:
        """One table at a time. Source: T-SQL reference, SET IDENTITY_INSERT."""
        table = self._state.table(body.table)
        if table.identity_column is None:
            message = f"Table '{table.display_name}' does not have the identity property. Cannot perform SET operation."
            raise PoolError(8106, message)
        known = self._state.identity_insert
        if body.value == "ON" and known is not None and known != table:
            message = f"IDENTITY_INSERT is already ON for table '{known.display_name}'."
            raise PoolError(8107, message)
        self._state.identity_insert = table if body.value == "ON" else None

    def _transaction(self, body: Transaction) -> None:
        {"BEGIN": self._state.begin, "COMMIT": self._state.commit, "ROLLBACK": self._state.rollback}[body.verb]()

    # Objects --------------------------------------------------------------------------------------------------------

    def _create_schema(self, body: CreateSchema) -> None:
        with self._state.writing() as cursor:
            self._state.database.catalog.create_schema(cursor, body.name)

    def _drop_schema(self, body: DropSchema) -> None:
        catalog = self._state.database.catalog
        if body.if_exists and not catalog.has_schema(body.name):
            return
        with self._state.writing() as cursor:
            catalog.drop_schema(cursor, body.name)
