"""RPC requests: which procedure, which parameters.

Source: [MS-TDS] 2.2.6.6, RPC request.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from airflow_synapse.local.protocol import Parameter
from airflow_synapse.local.tds.parameter_types import read_wire_type
from airflow_synapse.local.tds.reader import Reader

_NUMBERED: Final = 0xFFFF
#: Starts the next call of the same message, as TDS 7.2 and later write it; and a call that is not to be executed.
_NEXT_CALL: Final = frozenset({0xFF, 0xFE})
_BY_REFERENCE: Final = 0x01

#: Procedures that a client may call by number.
NUMBERS: Final = {
    1: "sp_cursor",
    2: "sp_cursoropen",
    3: "sp_cursorprepare",
    4: "sp_cursorexecute",
    5: "sp_cursorprepexec",
    6: "sp_cursorunprepare",
    7: "sp_cursorfetch",
    8: "sp_cursoroption",
    9: "sp_cursorclose",
    10: "sp_executesql",
    11: "sp_prepare",
    12: "sp_execute",
    13: "sp_prepexec",
    14: "sp_prepexecrpc",
    15: "sp_unprepare",
}


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a procedure.

    :param procedure: Name as the client wrote it.
    :param outputs: Positions of the parameters that the client wants back.
    """

    procedure: str
    parameters: tuple[Parameter, ...]
    outputs: frozenset[int]


def read_calls(payload: bytes) -> Iterator[Call]:
    """Yield the calls of a message; arrays of parameters send one for each row.

    :raises ProtocolError: The message is malformed.
    :raises PoolError: A parameter has a type that the local pool does not have.
    """
    reader = Reader(payload)
    reader.skip_all_headers()
    while not reader.at_end:
        yield _read_call(reader, payload)


def _read_call(reader: Reader, payload: bytes) -> Call:
    size = reader.u16()
    if size == _NUMBERED:
        number = reader.u16()
        name = NUMBERS.get(number, f"procedure number {number}")
    else:
        name = reader.text(size)
    reader.u16()  # option flags: recompile, no metadata
    parameters: list[Parameter] = []
    outputs: list[int] = []
    while not reader.at_end:
        if payload[reader.position] in _NEXT_CALL:
            reader.u8()
            break
        parameter_name = reader.short_text()
        if reader.u8() & _BY_REFERENCE:
            outputs.append(len(parameters))
        wire_type = read_wire_type(reader)
        parameters.append(Parameter(parameter_name, wire_type.sql_type, wire_type.read(reader)))
    return Call(name, tuple(parameters), frozenset(outputs))
