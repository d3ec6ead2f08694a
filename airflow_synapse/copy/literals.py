"""How a Python value is written as a T-SQL constant.

Every text of a COPY statement passes through here; nothing else in the package puts quotes around anything.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

#: What a column's default may be: COPY takes a constant there, never an expression.
DefaultValue = str | int | float | Decimal | bytes

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_SPELLED_HEX: Final = re.compile(r"0[xX]")
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_TEXT: Final = re.compile("[\x00\ud800-\udfff]")
_TEMPLATE: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


def string_literal(text: str) -> str:
    """Return ``text`` as a string constant, with a leading N when it is not ASCII.

    Without the N, T-SQL converts a constant to the database's code page and loses what that page lacks.
    Assumption: COPY takes a constant with a leading N wherever its reference writes a string in quotes.

    >>> string_literal("it's")
    "'it''s'"
    """
    return ("'" if text.isascii() else "N'") + text.replace("'", "''") + "'"


def default_literal(value: DefaultValue) -> str:
    r"""Return a column default as a constant: text quoted, a number bare, bytes as ``0x...``.

    >>> [default_literal(value) for value in ("a", -1, Decimal("1E-3"), b"\x01")]
    ["'a'", '-1', '0.001', '0x01']
    """
    if isinstance(value, str):
        return string_literal(value)
    if isinstance(value, bytes):
        return "0x" + value.hex().upper()
    if isinstance(value, Decimal):
        return format(value, "f")
    return repr(int(value) if isinstance(value, int) else float(value))  # bool is an int: a bit is 1 or 0


def delimiter_text(text: str) -> str:
    r"""Return the spelling of a delimiter that the pool reads as the characters of ``text``.

    ===================  ============  ======================================================================
    in Python            in T-SQL      what the pool reads
    ===================  ============  ======================================================================
    ``"\n"``, a newline  ``0x0A``      a line feed. The reference asks for the hexadecimal form, because COPY
                                       reads the two characters ``\n`` as carriage return and line feed
    ``"\r\n"``, a real   ``0x0D0A``    carriage return and line feed
    line end
    ``"\\n"``, spelled   ``\n``        carriage return and line feed: the reference's own rule, left alone
    ``"\\r\\n"``         refused       it would be read as two carriage returns and a line feed
    ``"0x0A"``           ``0x0A``      a line feed
    ``"|"``, ``"||"``    as it is      those characters
    ===================  ============  ======================================================================

    Any other control character, such as a real tab, becomes hexadecimal in the same way; one ``0x`` stands before all.

    Assumption: Hexadecimal delimiters name characters, so that a line feed is 0x0A in UTF16 files too.
    """
    if _SPELLED_HEX.match(text) or not _CONTROL.search(text) or not text.isascii():
        return text
    return "0x" + text.encode("ascii").hex().upper()


def code_units(text: str) -> int:
    """Return the length of ``text`` as nvarchar counts it, in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def is_xml_text(text: str) -> bool:
    """Return whether XML 1.0 allows every character of ``text``."""
    return _NOT_XML.search(text) is None


def is_text(text: str) -> bool:
    """Return whether ``text`` can be sent: no half of a surrogate pair, no NUL at which a driver may stop reading."""
    return _NOT_TEXT.search(text) is None


def holds_template(text: str) -> bool:
    """Return whether a Jinja expression, statement or comment is left in ``text``."""
    return _TEMPLATE.search(text) is not None
