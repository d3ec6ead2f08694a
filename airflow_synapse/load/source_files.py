"""Which files of a container a location of COPY stands for, by the documented rules.

Source: COPY reference 2026-05, external_location: folders with all below them, ``*`` with recursive expansion and
case-sensitive matching, a backslash that escapes, and hidden names left out unless the path names them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from airflow_synapse.copy.location import ExternalLocation

#: A character that a wildcard or a folder may stand for: any but one that begins a hidden name.
_SHOWN: Final = r"(?:(?<!/)(?<!\A)[\s\S]|[^_.])"
_TOKEN: Final = re.compile(r"\\(?P<escaped>.)|(?P<wildcard>\*)|(?P<plain>.)", re.DOTALL)


@dataclass(frozen=True)
class FilePattern:
    """The files that one path stands for.

    Assumption: ``*`` is the only wildcard of a location, it also matches slashes, and where it matches a folder, all
    files in and below that folder are loaded.

    :param path: Below the container, as in :class:`~airflow_synapse.copy.ExternalLocation`.
    """

    path: str

    @cached_property
    def prefix(self) -> str:
        """What the names of all files begin with: the path up to its first wildcard."""
        literal = []
        for token in _TOKEN.finditer(self.path):
            if token["wildcard"]:
                break
            literal.append(token["escaped"] or token["plain"])
        return "".join(literal)

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        pieces = [
            f"{_SHOWN}*" if token["wildcard"] else re.escape(token["escaped"] or token["plain"])
            for token in _TOKEN.finditer(self.path)
        ]
        is_folder = not self.path or self.path.endswith("/")
        return re.compile("".join(pieces) + (f"{_SHOWN}+" if is_folder else f"(?:/{_SHOWN}+)?"))

    def matches(self, name: str) -> bool:
        """Say whether the path stands for a file.

        :param name: Name of a blob.
        """
        return self._regex.fullmatch(name) is not None


def patterns(locations: Sequence[ExternalLocation]) -> tuple[FilePattern, ...]:
    """Return what the locations, all in one container, stand for."""
    return tuple(FilePattern(location.path) for location in locations)
