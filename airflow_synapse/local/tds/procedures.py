"""The procedures that drivers execute statements with; every other name goes to the engine.

Source: [MS-TDS] 2.2.6.6 and the reference pages of sp_executesql, sp_prepare, sp_execute, sp_prepexec, sp_prepexecrpc,
sp_unprepare and sp_describe_undeclared_parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import count
from typing import Final, NamedTuple

from airflow_synapse.local.errors import PoolError, StatementCancelled
from airflow_synapse.local.protocol import Outcome, Parameter, Session
from airflow_synapse.local.tds import tokens
from airflow_synapse.local.tds.calls import Call
from airflow_synapse.local.tds.declarations import Declarations, read_declarations
from airflow_synapse.local.tds.describe import describe
from airflow_synapse.local.tds.replies import Reply
from airflow_synapse.local.tsql.reader import not_supported


class _Prepared(NamedTuple):
    text: str
    declarations: Declarations


class _Result(NamedTuple):
    """What a procedure answers.

    :param returned: RETURNVALUE token of the handle, which comes after the outcomes.
    """

    outcomes: Iterator[Outcome]
    returned: bytes = b""


class Procedures:
    """Runs the calls of one connection, and keeps its prepared statements."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._prepared: dict[int, _Prepared] = {}
        self._handles = count(1)

    def forget(self) -> None:
        """Drop all prepared statements, as a reset of the connection does."""
        self._prepared.clear()

    def answer(self, calls: Sequence[Call], reply: Reply) -> Iterator[bytes]:
        """Yield the tokens that answer the calls of one message."""
        if (yield from self._answer_at_once(calls, reply)):
            return
        for call in calls:
            reply.check_cancelled()
            yield from self._answer_one(call, reply)

    def _answer_one(self, call: Call, reply: Reply) -> Iterator[bytes]:
        status, returned = 0, b""
        try:
            outcomes, returned = self._run(call)
            yield from reply.outcomes(outcomes, tokens.DONE_IN_PROCEDURE)
        except StatementCancelled:
            raise
        except Exception as error:
            yield reply.failure(error, tokens.DONE_IN_PROCEDURE)
            status = _status(error)
        yield from _end_call(reply, status, returned)

    def _run(self, call: Call) -> _Result:
        name = _plain_name(call.procedure)
        outputs_with_answer = {0} if name in _RETURN_A_HANDLE else set()
        if call.outputs - outputs_with_answer:
            raise not_supported(f"An output parameter of {name}")
        run = _PROCEDURES.get(name)
        if run is None:
            return _Result(self._session.call(call.procedure, call.parameters))
        return run(self, call.parameters)

    def _execute_text(self, parameters: Sequence[Parameter]) -> _Result:
        text, declared = _text(parameters, 0), _declared(parameters, 1)
        return _Result(self._session.execute(text, _named(declared, parameters[2:])))

    def _execute(self, parameters: Sequence[Parameter]) -> _Result:
        prepared = self._find(parameters)
        return _Result(self._session.execute(prepared.text, _named(prepared.declarations, parameters[1:])))

    def _prepare(self, parameters: Sequence[Parameter]) -> _Result:
        handle = self._keep(_Prepared(_text(parameters, 2), _declared(parameters, 1)))
        return _Result(iter(()), tokens.return_handle(handle))

    def _prepare_and_execute(self, parameters: Sequence[Parameter]) -> _Result:
        prepared = _Prepared(_text(parameters, 2), _declared(parameters, 1))
        outcomes = self._session.execute(prepared.text, _named(prepared.declarations, parameters[3:]))
        return _Result(outcomes, tokens.return_handle(self._keep(prepared)))

    def _prepare_and_call(self, parameters: Sequence[Parameter]) -> _Result:
        # Nothing is kept of it: a driver that calls again sends the name again.
        outcomes = self._session.call(_text(parameters, 1), parameters[2:])
        return _Result(outcomes, tokens.return_handle(next(self._handles)))

    def _unprepare(self, parameters: Sequence[Parameter]) -> _Result:
        self._prepared.pop(_handle(parameters), None)
        return _Result(iter(()))

    def _describe(self, parameters: Sequence[Parameter]) -> _Result:
        declared = {name.lower() for name, _type in _declared(parameters, 1)}
        used = self._session.describe_parameters(_text(parameters, 0))
        return _Result(iter([describe([each for each in used if each[0].lower() not in declared])]))

    def _keep(self, prepared: _Prepared) -> int:
        handle = next(self._handles)
        self._prepared[handle] = prepared
        return handle

    def _find(self, parameters: Sequence[Parameter]) -> _Prepared:
        handle = _handle(parameters)
        if handle not in self._prepared:
            raise PoolError(8179, f"Could not find prepared statement with handle {handle}.")
        return self._prepared[handle]

    def _repeated_statement(self, calls: Sequence[Call]) -> _Prepared | None:
        """Return the statement that all calls execute: how a driver sends an array of parameters."""
        if len(calls) < 2 or any(call.procedure != "sp_execute" or call.outputs for call in calls):
            return None
        handles = {_handle(call.parameters) for call in calls}
        return self._prepared.get(handles.pop()) if len(handles) == 1 else None

    def _answer_at_once(self, calls: Sequence[Call], reply: Reply) -> Generator[bytes, None, bool]:
        """Answer calls that the engine executes all at once; return False if it cannot."""
        statement = self._repeated_statement(calls)
        if statement is None:
            return False
        try:
            rows = [_named(statement.declarations, call.parameters[1:]) for call in calls]
            if not self._session.execute_many(statement.text, rows):
                return False
        except StatementCancelled:
            raise
        except Exception as error:
            for _ in calls:
                yield reply.failure(error, tokens.DONE_IN_PROCEDURE)
                yield from _end_call(reply, _status(error))
            return True
        for _ in calls:
            yield reply.done(tokens.DONE_IN_PROCEDURE, count=1)
            yield from _end_call(reply, 0)
        return True


_PROCEDURES: Final[dict[str, Callable[[Procedures, Sequence[Parameter]], _Result]]] = {
    "sp_executesql": Procedures._execute_text,
    "sp_execute": Procedures._execute,
    "sp_prepare": Procedures._prepare,
    "sp_prepexec": Procedures._prepare_and_execute,
    "sp_prepexecrpc": Procedures._prepare_and_call,
    "sp_unprepare": Procedures._unprepare,
    "sp_describe_undeclared_parameters": Procedures._describe,
}
_RETURN_A_HANDLE: Final = frozenset({"sp_prepare", "sp_prepexec", "sp_prepexecrpc"})


def _end_call(reply: Reply, status: int, returned: bytes = b"") -> Iterator[bytes]:
    yield reply.add(tokens.return_status(status) + returned)
    yield reply.done(tokens.DONE_PROCEDURE, tokens.ERROR if status else tokens.FINAL)


def _plain_name(name: str) -> str:
    return name.replace("[", "").replace("]", "").lower().removeprefix("sys.")


def _status(error: Exception) -> int:
    return error.number if isinstance(error, PoolError) else -1


def _text(parameters: Sequence[Parameter], index: int) -> str:
    value = parameters[index].value if index < len(parameters) else None
    if not isinstance(value, str):
        raise PoolError(214, "Procedure expects parameter of type 'ntext/nchar/nvarchar'.")
    return value


def _declared(parameters: Sequence[Parameter], index: int) -> Declarations:
    value = parameters[index].value if index < len(parameters) else None
    return read_declarations(value) if isinstance(value, str) else ()


def _handle(parameters: Sequence[Parameter]) -> int:
    value = parameters[0].value if parameters else None
    if not isinstance(value, int):
        raise PoolError(8179, "Could not find prepared statement: no handle was given.")
    return value


def _named(declarations: Declarations, values: Sequence[Parameter]) -> tuple[Parameter, ...]:
    """Return the values under the names and types that were declared for them: by name, else by position."""
    if len(values) > len(declarations):
        raise PoolError(8144, f"{len(values)} parameters were given; {len(declarations)} are declared.")
    by_name = {value.name.lower(): value for value in values if value.name}
    if not by_name:
        pairs = zip(declarations, values, strict=False)
        named = [Parameter(name, sql_type, value.value) for (name, sql_type), value in pairs]
    else:
        named = [
            Parameter(name, sql_type, by_name[name.lower()].value)
            for name, sql_type in declarations
            if name.lower() in by_name
        ]
    if len(named) < len(declarations):
        raise PoolError(
            8178, f"The statement expects the parameter '{declarations[len(named)][0]}', which was not given."
        )
    return tuple(named)
