"""Messages byte by byte: what no driver can be made to do at will.

Expected bytes are written out from [MS-TDS], not made by the server's own code.
"""

import struct

import pytest
from raw_client import (
    ACKNOWLEDGED,
    ALL_HEADERS,
    ATTENTION,
    BATCH,
    BULK,
    CALL,
    COUNT,
    DONE,
    DONE_IN_PROCEDURE,
    DONE_PROCEDURE,
    END,
    ERROR,
    IGNORE,
    MORE,
    RESET,
    TRANSACTION,
    RawClient,
    batch,
    call,
    done,
    int_parameter,
    text_parameter,
)

ATTENTION_ACKNOWLEDGED = done(DONE, ACKNOWLEDGED)
SELECT_ONE = bytes.fromhex("81 0100 00000000 0900 2604 01 6100 d1 04 01000000") + done(DONE, COUNT, 1, 0xC1)
ENDLESS = "SELECT count(*) FROM range(100000000000) t(i) WHERE i % 7 = 3"
BEGIN, COMMIT, ROLLBACK = 5, 7, 8


@pytest.fixture
def client(server):
    with RawClient(server.port) as client:
        yield client


def transaction(request, *, begin_again=False):
    end = b"" if request == BEGIN else b"\x00" + bytes([begin_again])
    return ALL_HEADERS + struct.pack("<H", request) + (b"\x00\x00" if request == BEGIN else end)


def begun(descriptor):
    return b"\xe3\x0b\x00\x08\x08" + struct.pack("<Q", descriptor) + b"\x00"


def ended(kind, descriptor):
    return b"\xe3\x0b\x00" + bytes([kind]) + b"\x00\x08" + struct.pack("<Q", descriptor)


def test_login_reply(client):
    kinds = [0xE3, 0xAB, 0xE3, 0xE3, 0xAB, 0xAD, 0xE3, 0xFD]
    reply, position, seen = client.login_reply, 0, []
    while position < len(reply):
        seen.append(reply[position])
        position += 13 if reply[position] == DONE else 3 + struct.unpack_from("<H", reply, position + 1)[0]
    assert seen == kinds


def test_batch(client):
    assert client.ask(BATCH, batch("SELECT 1 AS a")) == SELECT_ONE


def test_only_the_last_done_says_that_nothing_follows(client):
    reply = client.ask(
        BATCH, batch("SELECT 1 AS a; CREATE OR REPLACE TABLE one (a INTEGER); INSERT INTO one VALUES (1)")
    )
    assert reply == SELECT_ONE[:-13] + done(DONE, COUNT | MORE, 1, 0xC1) + done(DONE, MORE) + done(DONE, COUNT, 1)


def test_error_ends_the_batch_with_its_bit(client):
    reply = client.ask(BATCH, batch("THROW 208; SELECT 1"))
    assert reply[0] == 0xAA
    assert struct.unpack_from("<iBB", reply, 3) == (208, 1, 16)
    assert reply.endswith(done(DONE, ERROR))


def test_calls_of_one_message_are_answered_in_order(client):
    calls = [call(10, text_parameter(f"SELECT {number} AS a")) for number in (1, 2)]
    row = SELECT_ONE[:-17]
    end = done(DONE_IN_PROCEDURE, COUNT | MORE, 1, 0xC1) + b"\x79\x00\x00\x00\x00"
    assert client.ask(CALL, ALL_HEADERS + b"\xff".join(calls)) == b"".join((
        row, struct.pack("<i", 1), end, done(DONE_PROCEDURE, MORE),
        row, struct.pack("<i", 2), end, done(DONE_PROCEDURE, 0),
    ))  # fmt: skip


def test_failed_call_does_not_stop_the_next_one(client):
    calls = [call(10, text_parameter("THROW 208")), call(10, text_parameter("SELECT 1 AS a"))]
    reply = client.ask(CALL, ALL_HEADERS + b"\xff".join(calls))
    status_is_the_number = b"\x79" + struct.pack("<i", 208)
    assert done(DONE_IN_PROCEDURE, ERROR | MORE) + status_is_the_number + done(DONE_PROCEDURE, ERROR | MORE) in reply
    assert reply.endswith(b"\x79\x00\x00\x00\x00" + done(DONE_PROCEDURE, 0))


def test_prepared_statement_returns_its_handle_and_is_dropped_by_it(client):
    prepare = call(11, int_parameter(0, output=True), text_parameter("@P1 int"), text_parameter("SELECT @P1 AS a"))
    reply = client.ask(CALL, ALL_HEADERS + prepare)
    return_value = bytes.fromhex("ac 0000 00 01 00000000 0000 2604 04 01000000")
    assert reply == b"\x79\x00\x00\x00\x00" + return_value + done(DONE_PROCEDURE, 0)
    assert b"\xd1\x04\x07\x00\x00\x00" in client.ask(CALL, ALL_HEADERS + call(12, int_parameter(1), int_parameter(7)))
    client.ask(CALL, ALL_HEADERS + call(15, int_parameter(1)))
    reply = client.ask(CALL, ALL_HEADERS + call(12, int_parameter(1), int_parameter(7)))
    assert struct.unpack_from("<Hi", reply, 1)[1] == 8179


def test_transaction_requests_tell_the_descriptor(client, server):
    assert client.ask(TRANSACTION, transaction(BEGIN)) == begun(1) + done(DONE, 0)
    assert server.pool.sessions[-1].in_transaction
    reply = client.ask(TRANSACTION, transaction(COMMIT, begin_again=True))
    assert reply == ended(9, 1) + begun(2) + done(DONE, 0)
    assert client.ask(TRANSACTION, transaction(ROLLBACK)) == ended(10, 2) + done(DONE, 0)
    assert not server.pool.sessions[-1].in_transaction


def test_transaction_in_text_tells_the_descriptor_too(client):
    assert client.ask(BATCH, batch("BEGIN TRANSACTION")).endswith(begun(1) + done(DONE, 0))
    assert client.ask(BATCH, batch("COMMIT")).endswith(ended(9, 1) + done(DONE, 0))


def test_commit_without_transaction_is_an_error(client):
    reply = client.ask(TRANSACTION, transaction(COMMIT))
    assert struct.unpack_from("<i", reply, 3) == (3902,)
    assert reply.endswith(done(DONE, ERROR))


def test_reset_bit_resets_the_session_first(client, server):
    client.ask(TRANSACTION, transaction(BEGIN))
    reply = client.ask(BATCH, batch("SELECT 1 AS a"), status=END | RESET)
    reset_done = b"\xe3\x03\x00\x12\x00\x00"
    assert reply == ended(10, 1) + reset_done + SELECT_ONE
    assert server.pool.sessions[-1].resets == 1


def test_attention_to_an_idle_server_is_acknowledged(client):
    assert client.ask(ATTENTION, b"") == ATTENTION_ACKNOWLEDGED


def test_attention_to_a_running_statement_is_answered_by_two_messages(client, server):
    client.send(BATCH, batch(ENDLESS), ATTENTION, b"")
    assert client.receive().endswith(done(DONE, ERROR))
    assert client.receive() == ATTENTION_ACKNOWLEDGED
    assert client.ask(BATCH, batch("SELECT 1 AS a")) == SELECT_ONE


def test_attention_stops_the_statement_even_if_the_engine_misses_it_at_first(client, server):
    session = server.pool.sessions[-1]
    session.lost_cancels = 3
    client.send(BATCH, batch(ENDLESS))
    assert session.fetching.wait(5)
    client.send(ATTENTION, b"")
    assert client.receive().endswith(done(DONE, ERROR))
    assert client.receive() == ATTENTION_ACKNOWLEDGED


def test_leaving_stops_the_statement_even_if_the_engine_misses_it_at_first(server):
    with RawClient(server.port) as client:
        session = server.pool.sessions[-1]
        session.lost_cancels = 3
        client.send(BATCH, batch(ENDLESS))
        assert session.fetching.wait(5)
    assert session.closed.wait(5)


@pytest.mark.parametrize("statement", ["SELECT 1 AS a", "SELECT i AS a FROM range(3000) t(i)"])
def test_attention_at_any_moment_is_acknowledged_once(client, statement):
    """With the request, and after a part of its reply: one reply, whole or cut off, and one acknowledgement."""
    for _ in range(100):
        client.send(BATCH, batch(statement), ATTENTION, b"")
        assert struct.unpack("<BH", client.receive()[-13:-10])[1] in {COUNT, ERROR}
        assert client.receive() == ATTENTION_ACKNOWLEDGED
    assert client.ask(BATCH, batch("SELECT 1 AS a")) == SELECT_ONE


def test_message_that_the_client_takes_back_is_ignored(client):
    client.send(BATCH, batch("THROW 208"), status=END | IGNORE)
    assert client.ask(BATCH, batch("SELECT 1 AS a")) == SELECT_ONE


def test_parameters_by_name_come_in_any_order(client):
    text, declared = text_parameter("SELECT @first - @second AS a"), text_parameter("@first int, @second int")
    values = int_parameter(2, name="@second"), int_parameter(3, name="@FIRST")
    reply = client.ask(CALL, ALL_HEADERS + call(10, text, declared, *values))
    assert reply.startswith(SELECT_ONE[:-13])


@pytest.mark.parametrize(("given", "number"), [((), 8178), ((1, 2), 8144)], ids=["too few", "too many"])
def test_parameters_of_another_number_than_declared_are_an_error(client, given, number):
    head = text_parameter("SELECT @a"), text_parameter("@a int")
    reply = client.ask(CALL, ALL_HEADERS + call(10, *head, *map(int_parameter, given)))
    assert struct.unpack_from("<i", reply, 3) == (number,)


def test_malformed_call_ends_the_connection(client, server):
    client.send(CALL, ALL_HEADERS + call(10, text_parameter("SELECT 1"))[:-1])
    with pytest.raises(EOFError):
        client.receive()
    assert server.pool.sessions[-1].closed.wait(5)


def test_bulk_load_is_refused_by_name(client):
    reply = client.ask(BULK, b"\x81\x00\x00")
    assert "Bulk load".encode("utf-16-le") in reply
    assert reply.endswith(done(DONE, ERROR))


@pytest.mark.parametrize("token", [0xF1, 0xF3, 0x62], ids=["xml", "table type", "sql_variant"])
def test_parameter_of_an_unknown_type_is_an_error(client, token):
    parameter = b"\x00\x00" + bytes([token]) + b"\x00" * 8
    reply = client.ask(CALL, ALL_HEADERS + call(10, text_parameter("SELECT 1"), parameter))
    assert struct.unpack_from("<i", reply, 3) == (2724,)
    assert client.ask(BATCH, batch("SELECT 1 AS a")) == SELECT_ONE
