"""Take secrets out of texts that somebody else wrote, such as a driver's error that quotes the statement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Final

from airflow_synapse.secret import MASK, Secret

#: A piece of a secret this long or longer is masked: errors quote statements in part ("Incorrect syntax near ...").
_PIECE: Final = 8
#: Settings of Spark that hold a secret. Source: Hadoop, "ABFS" and "Azure Blob Storage": account keys, SAS, OAuth; and
#: how variables of the executors' environment, which are settings too, are named by habit.
_SECRET_SETTING: Final = re.compile(
    r"account\.key(?!provider)|fs\.azure\.sas\.(?!token\.provider)|refresh\.token(?!\.endpoint)|password|secret"
    r"|(?:token|passwd|pwd|passphrase|connection_?string|[_-]key|(?:access|api|storage)\.?key|[._-]sas)$",
    re.IGNORECASE,
)


def names_credential(setting: str) -> bool:
    """Say whether a setting of Spark holds a credential, by its name."""
    return _SECRET_SETTING.search(setting) is not None


def secrets_of(value: object) -> Iterator[Secret]:
    """Yield the secrets that a value holds in its fields, at any depth."""
    if isinstance(value, Secret):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from secrets_of(getattr(value, field.name))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from secrets_of(item)


def scrub(text: str, secrets: Iterable[Secret]) -> str:
    """Return ``text`` without the secrets, in any of their encodings, and without pieces of them."""
    for secret in secrets:
        text = _mask_pieces(secret.redact(text), secret)
    return text


def _mask_pieces(text: str, secret: Secret) -> str:
    pieces = {form[i : i + _PIECE] for form in secret.encodings() for i in range(len(form) - _PIECE + 1)}
    kept: list[str] = []
    end_of_piece = 0
    for position, character in enumerate(text):
        if text[position : position + _PIECE] in pieces:
            if position >= end_of_piece:
                kept.append(MASK)
            end_of_piece = position + _PIECE
        if position >= end_of_piece:
            kept.append(character)
    return "".join(kept)
