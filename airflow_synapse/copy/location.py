"""Where files are: account, endpoint, container and path of an external location."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, cast

from airflow_synapse.copy.keywords import Endpoint
from airflow_synapse.copy.literals import holds_template
from airflow_synapse.copy.rules import read_text, refuse, show

_URL: Final = re.compile(r"(https?)://([^/]*)(?:/([^/]*)(?:/(.*))?)?", re.DOTALL | re.IGNORECASE)
_HOST: Final = re.compile(r"([a-z0-9]{3,24})\.(blob|dfs)(?:\.[a-z0-9-]+)+", re.ASCII)
_ONELAKE: Final = re.compile(r"(?:.*\.)?fabric\.microsoft\.com")
_DNS_ZONE: Final = re.compile(r"[a-z0-9]+\.z\d+\.\w+\.storage\.azure\.net", re.ASCII)
_CONTAINER: Final = re.compile(r"(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*|\$root|\$web|\$logs", re.ASCII)
_WILDCARD: Final = re.compile(r"(?<!\\)(?:\\\\)*\*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalLocation:
    """A file, a folder or a pattern in a storage account.

    Build it with :meth:`parse`. The host's last part is free, so that the clouds of other countries work.

    :param scheme: ``https``; an error file's location may also be ``http``.
    :param host: ``<account>.blob.core.windows.net`` or ``<account>.dfs.core.windows.net``, in lower case.
    :param path: Below the container, without a leading slash; empty for the whole container. A folder stands for all
        files in it and below it, except those whose name, or a folder's name, starts with ``_`` or ``.``. ``*`` matches
        any characters, with their case; a backslash before it takes that meaning away.
    """

    scheme: str
    host: str
    container: str
    path: str

    @classmethod
    def parse(cls, url: str, *, option: str = "FROM") -> ExternalLocation:
        """Read ``https://<account>.<blob|dfs>.core.windows.net/<container>/<path>``.

        :param option: The T-SQL keyword that the location stands behind, for the error.
        :raises CopyOptionError: Rules ``location-*``, ``fabric-location``, ``template``, ``text``.
        """
        if holds_template(read_text(url, option)):
            raise refuse("template", shown=show(url), option=option)
        if "?" in url:
            raise refuse("location-query", shown=show(url), option=option)
        match = _URL.fullmatch(url)
        if match is None or "://" in url[8:]:
            raise refuse("location-url", shown=show(url), option=option)
        scheme, host, container, path = match.groups()
        host = host.lower()
        _check_host(host, option)
        if not _CONTAINER.fullmatch(container or ""):
            raise refuse("location-container", shown=show(container or ""), option=option)
        return cls(scheme=scheme.lower(), host=host, container=container, path=path or "")

    @property
    def account(self) -> str:
        """Name of the storage account."""
        return self.host.partition(".")[0]

    @property
    def endpoint(self) -> Endpoint:
        """``blob`` or ``dfs``."""
        return cast(Endpoint, self.host.split(".")[1])

    @property
    def url(self) -> str:
        """The location as COPY writes it."""
        return f"{self.scheme}://{self.host}/{self.container}/{self.path}".removesuffix("/" if not self.path else "")

    @property
    def has_wildcard(self) -> bool:
        """Whether the path holds a ``*`` that no backslash escapes."""
        return _WILDCARD.search(self.path) is not None

    def __str__(self) -> str:
        return self.url


def _check_host(host: str, option: str) -> None:
    if _ONELAKE.fullmatch(host):
        raise refuse("fabric-location", shown=show(host), option=option)
    if _DNS_ZONE.fullmatch(host):
        raise refuse("location-dns-zone", shown=show(host), option=option)
    if not _HOST.fullmatch(host):
        raise refuse("location-url", shown=show(host), option=option)
