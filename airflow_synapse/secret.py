"""A value that never prints itself.

Whoever needs the text must ask for it with :meth:`Secret.reveal`, so that each place where a secret leaves the process
can be found by searching for that name.
"""

from __future__ import annotations

import base64
import json
import re
from contextlib import suppress
from html import escape
from typing import Any, Final, NoReturn, final
from urllib.parse import quote, unquote

MASK: Final = "***"

_SIGNATURE: Final = re.compile(r"(?:^|[?&])sig=([^&]+)")


@final
class Secret:
    """Hold a secret text and show ``***`` wherever it is printed, formatted, logged or compared by its representation.

    :param text: The secret. It must not be empty: an empty secret means that a field was left blank, and a credential
        without its secret must not look like a credential.
    :raises ValueError: ``text`` is empty.
    :raises TypeError: It is no text.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"A secret is a text, and no {type(text).__name__}.")
        if not text:
            raise ValueError("A secret cannot be empty.")
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def encodings(self) -> tuple[str, ...]:
        """Return every form in which the secret may stand in a text: longest first, without repeats.

        A masker that knows only the plain form misses a quote that T-SQL doubled, a closing brace that ODBC doubled, a
        URL-decoded or URL-encoded token, the signature of a SAS whose parameters stand in another order, the escapes of
        ``repr``, JSON and HTML, and a key in base64 or as the bytes that the base64 stands for.
        """
        forms = {self._text, self._text.lstrip("?"), *_SIGNATURE.findall(self._text)}
        forms |= {unquote(form) for form in forms}
        forms |= {quote(form, safe=safe, errors="replace") for form in forms for safe in ("", "/")}
        forms |= {form.replace("'", "''") for form in forms} | {form.replace("}", "}}") for form in forms}
        forms |= (
            {escape(form) for form in forms} | {repr(form)[1:-1] for form in forms} | {_json(form) for form in forms}
        )
        forms.add(base64.b64encode(self._text.encode(errors="replace")).decode())
        with suppress(ValueError):  # not base64, or not of a text: there is no such form to mask
            forms.add(base64.b64decode(self._text, validate=True).decode())
        return tuple(sorted((form for form in forms if form), key=lambda form: (-len(form), form)))

    def redact(self, text: str) -> str:
        """Return ``text`` with every form of the secret replaced by ``***``."""
        for form in self.encodings():
            text = text.replace(form, MASK)
        return text

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, format_spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> NoReturn:
        raise TypeError("A Secret cannot be pickled: it would be stored in clear text.")

    def __getstate__(self) -> NoReturn:
        """Refuse the serializers that ask for the state without going through pickle."""
        self.__reduce__()

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self


def _json(text: str) -> str:
    """Return ``text`` as it stands between the quotes of a JSON string."""
    return json.dumps(text)[1:-1]
