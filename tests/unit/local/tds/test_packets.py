"""Cutting replies into packets."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_synapse.local.tds.packets import MessageType, PacketWriter, ProtocolError, read_header


def unpack(data):
    """Return status, number and payload of each packet."""
    packets = []
    while data:
        type_, status, size, spid, number, _window = struct.unpack(">BBHHBB", data[:8])
        assert (type_, spid) == (4, 51)
        packets.append((status, number, data[8:size]))
        data = data[size:]
    return packets


@given(st.lists(st.binary(max_size=2000), max_size=8), st.sampled_from([512, 513, 4096]))
def test_parts_arrive_in_order_and_only_the_last_packet_ends_the_message(parts, packet_size):
    writer = PacketWriter(MessageType.REPLY, packet_size, 51)
    packets = unpack(b"".join([*(writer.write(part) for part in parts), writer.finish()]))
    assert b"".join(payload for _status, _number, payload in packets) == b"".join(parts)
    assert [status for status, *_ in packets] == [0] * (len(packets) - 1) + [1]
    assert {len(payload) for *_, payload in packets[:-1]} <= {packet_size - 8}


def test_numbers_of_packets_wrap_after_255():
    writer = PacketWriter(MessageType.REPLY, 512, 51)
    packets = unpack(writer.write(b"x" * 504 * 300) + writer.finish())
    assert [number for _status, number, _payload in packets] == [each & 0xFF for each in range(1, 301)]


@pytest.mark.parametrize(
    "header",
    [b"\x01\x01\x00\x07\x00\x00\x01\x00", b"\x01\x01\xff\xff\x00\x00\x01\x00", b"GET / HT"],
    ids=["shorter than a header", "longer than a packet", "another protocol"],
)
def test_header_that_no_packet_has_is_refused(header):
    with pytest.raises(ProtocolError):
        read_header(header)
