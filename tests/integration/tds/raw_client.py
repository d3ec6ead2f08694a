"""A client that speaks TDS byte by byte, for what no driver can be made to do at will."""

import socket
import struct

from toy_pool import PASSWORD, USER

BATCH, CALL, ATTENTION, BULK, TRANSACTION, LOGIN, PRELOGIN = 1, 3, 6, 7, 14, 16, 18
END, IGNORE, RESET = 1, 2, 8
DONE, DONE_PROCEDURE, DONE_IN_PROCEDURE = 0xFD, 0xFE, 0xFF
MORE, ERROR, COUNT, ACKNOWLEDGED = 1, 2, 0x10, 0x20
ALL_HEADERS = struct.pack("<IIHQI", 22, 18, 2, 0, 1)


class RawClient:
    """Logged in from the start, without TLS and with packets of 4096 bytes."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._file = self._socket.makefile("rb")
        no_encryption = struct.pack(">BHHB", 1, 6, 1, 0xFF) + b"\x02"
        self.send(PRELOGIN, no_encryption)
        self.receive()
        self.send(LOGIN, login_message())
        self.login_reply = self.receive()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()
        self._socket.close()

    def send(self, *messages, status=END):
        """Send messages, each a type and a payload, in one segment."""
        pairs = zip(messages[::2], messages[1::2], strict=True)
        self._socket.sendall(b"".join(packet(type_, payload, status) for type_, payload in pairs))

    def receive(self):
        """Return the payload of one message."""
        payload = b""
        while True:
            header = self._file.read(8)
            if not header:
                raise EOFError
            type_, status, size, *_rest = struct.unpack(">BBHHBB", header)
            assert type_ == 4
            payload += self._file.read(size - 8)
            if status & END:
                return payload

    def ask(self, type_, payload, status=END):
        self.send(type_, payload, status=status)
        return self.receive()


def packet(type_, payload, status=END):
    return struct.pack(">BBHHBB", type_, status, len(payload) + 8, 0, 1, 0) + payload


def batch(text):
    return ALL_HEADERS + text.encode("utf-16-le")


def done(token, status, count=0, command=0):
    return struct.pack("<BHHQ", token, status, command, count)


def int_parameter(value, *, output=False, name=""):
    return bytes([len(name)]) + name.encode("utf-16-le") + struct.pack("<BBBBi", output, 0x26, 4, 4, value)


def text_parameter(value):
    encoded = value.encode("utf-16-le")
    return b"\x00\x00\xe7\x40\x1f\x09\x04\xd0\x00\x34" + struct.pack("<H", len(encoded)) + encoded


def call(number, *parameters):
    return struct.pack("<HHH", 0xFFFF, number, 0) + b"".join(parameters)


def login_message():
    texts = {36: "host", 40: USER, 44: PASSWORD, 48: "raw", 52: "", 56: "", 60: "", 64: "", 68: "toy"}
    fixed, variable = bytearray(94), b""
    for position, text in texts.items():
        encoded = text.encode("utf-16-le")
        if position == 44:
            encoded = bytes(((byte << 4 & 0xF0) | byte >> 4) ^ 0xA5 for byte in encoded)
        struct.pack_into("<HH", fixed, position, 94 + len(variable), len(text))
        variable += encoded
    struct.pack_into("<III", fixed, 0, 94 + len(variable), 0x74000004, 4096)
    return bytes(fixed) + variable
