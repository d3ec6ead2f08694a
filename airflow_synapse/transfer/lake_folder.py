"""Folders of a Data Lake Storage Gen2 account: Spark writes ``abfss://`` for what COPY writes ``https://`` for."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from airflow_synapse.copy.conditions import show
from airflow_synapse.copy.keywords import Endpoint
from airflow_synapse.copy.location import ExternalLocation
from airflow_synapse.copy.rules import read_text
from airflow_synapse.exceptions import TransferOptionError

_ABFSS: Final = re.compile(r"abfss://(?P<container>[^@/]+)@(?P<host>[^/?#]+)(?P<path>/[^?#]*)?", re.IGNORECASE)
#: What COPY reads as a pattern, and Spark as one of its own.
_PATTERN_CHARACTERS: Final = frozenset("*\\?[]{}")


def read_folder(url: str, argument: str) -> ExternalLocation:
    """Read ``abfss://<container>@<account>.dfs.core.windows.net/<path>`` as the location of a folder.

    :param argument: Where the URL comes from, for the error.
    :return: The folder by its ``blob`` endpoint; its path ends with a slash, unless it is the whole container.
    :raises TransferOptionError: It is no such URL, or names a pattern.
    :raises CopyOptionError: It is no text, or its host or container is none of a storage account.

    >>> read_folder("abfss://landing@lake.dfs.core.windows.net/staging", "staging_folder").url
    'https://lake.blob.core.windows.net/landing/staging/'
    """
    match = _ABFSS.fullmatch(read_text(url, argument))
    if match is None:
        raise TransferOptionError(
            f"{argument} is {show(url)}. Spark reaches a storage account by a URL of this form: "
            "abfss://<container>@<account>.dfs.core.windows.net/<path>"
        )
    path = (match["path"] or "").strip("/")
    if _PATTERN_CHARACTERS & set(path):
        raise TransferOptionError(f"{argument} is {show(url)}: a folder is needed here, not a pattern.")
    location = ExternalLocation.parse(f"https://{match['host']}/{match['container']}/{path}", option=argument)
    if location.endpoint != "dfs":
        raise TransferOptionError(f"{argument} is {show(url)}. The host behind abfss:// is <account>.dfs.<domain>.")
    return at_endpoint(below(location, ""), "blob")


def below(folder: ExternalLocation, name: str) -> ExternalLocation:
    """Return a folder in a folder; the folder itself, with a slash at its end, where the name is empty."""
    parts = [part.strip("/") for part in (folder.path, name) if part.strip("/")]
    return replace(folder, path="".join(f"{part}/" for part in parts))


def at_endpoint(location: ExternalLocation, endpoint: Endpoint) -> ExternalLocation:
    """Return the same place by another endpoint of the account."""
    account, _, domain = location.host.split(".", 2)
    return replace(location, host=f"{account}.{endpoint}.{domain}")


def spark_url(location: ExternalLocation) -> str:
    """Return the URL of a place for Spark.

    >>> spark_url(read_folder("abfss://landing@lake.dfs.core.windows.net/staging", "staging_folder"))
    'abfss://landing@lake.dfs.core.windows.net/staging/'
    """
    return f"abfss://{location.container}@{at_endpoint(location, 'dfs').host}/{location.path}"
