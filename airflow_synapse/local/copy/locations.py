"""Read the URLs of FROM and ERRORFILE, and match blob names against them.

Source: COPY reference 2026-05, External locations.
"""

from __future__ import annotations

import re
from typing import Final

from airflow_synapse.local.copy.errors import invalid_option
from airflow_synapse.local.copy.request import Location

_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<account>[a-z0-9]{3,24})\.(?P<endpoint>blob|dfs)\.core\.windows\.net"
    r"/(?P<container>[^/?#*\\]+)(?:/(?P<path>[^?#]*))?",
    re.IGNORECASE,
)
_FORM: Final = "https://<account>.blob.core.windows.net/<container>/<path> (or .dfs.)"
#: What a wildcard matches: anything, slashes too, but no underscore or period that begins a segment.
_WILDCARD: Final = r"(?:(?<!/)[\s\S]|(?<=/)[^_.])*"


def read_location(url: str) -> Location:
    """Read an external location.

    Assumption: The path of a location is taken as written; percent sequences are not decoded.

    :raises PoolError: It is not a URL of a container in Blob Storage or Data Lake Storage Gen2.
    """
    match = _URL.fullmatch(url)
    if match is None or match["scheme"].lower() != "https":
        raise invalid_option("FROM", f"A location has the form {_FORM}.")
    return _location(match)


def read_error_file(value: str, source: Location) -> Location:
    """Read ERRORFILE: a URL, or a path that begins at the container of the source.

    :raises PoolError: It is neither.
    """
    if "://" in value:
        match = _URL.fullmatch(value)
        if match is None:
            raise invalid_option("ERRORFILE", f"It is a path in the container, or a URL of the form {_FORM}.")
        location = _location(match)
        return Location(location.account, location.endpoint, location.container, location.path.strip("/"))
    if not value.strip("/"):
        raise invalid_option("ERRORFILE", "It names a directory.")
    return Location(source.account, source.endpoint, source.container, value.strip("/"))


def _location(match: re.Match[str]) -> Location:
    return Location(match["account"].lower(), match["endpoint"].lower(), match["container"], match["path"] or "")


def literal_prefix(path: str) -> str:
    """Return what every matching blob name begins with, for the request that lists them."""
    literal, _ = _split_at_wildcard(path)
    return literal


def matcher(path: str) -> re.Pattern[str]:
    r"""Return a pattern that fully matches ``"/" + name`` for the blob names to load.

    A path without wildcard names a file, hidden or not, or a folder with everything below it. A wildcard matches names
    in subfolders too. What begins with ``_`` or ``.`` is matched only where the path itself says so. ``\`` escapes.

    Assumption: ``*`` is the only wildcard.
    """
    _, has_wildcard = _split_at_wildcard(path)
    pattern = "/" + "".join(_pattern(part) for part in re.findall(r"\*[_.]?|(?:\\[\s\S]|[^*])+", path))
    if not has_wildcard:
        below = _WILDCARD if path.endswith("/") or not path else f"(?:/{_WILDCARD})?"
        pattern += below
    return re.compile(pattern)


def _pattern(part: str) -> str:
    """Behind a wildcard that matched nothing, a period or underscore would begin a segment: that is not explicit."""
    if part.startswith("*"):
        return _WILDCARD + (f"(?<!/){re.escape(part[1:])}" if part[1:] else "")
    return re.escape(_unescape(part))


def _split_at_wildcard(path: str) -> tuple[str, bool]:
    match = re.match(r"(?:\\[\s\S]|[^*\\]|\\$)*", path)
    literal = match[0] if match else ""
    return _unescape(literal), len(literal) < len(path)


def _unescape(text: str) -> str:
    return re.sub(r"\\([\s\S])", r"\1", text)
