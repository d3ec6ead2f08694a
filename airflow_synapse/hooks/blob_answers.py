"""The XML that the Blob service answers a listing with. Source: List Blobs (REST), Status and error codes (REST)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from airflow_synapse.rejected_rows.layout import StoredFile


def read_page(page: bytes) -> tuple[list[StoredFile], str]:
    """Return the files of a page, and the marker of the next; empty where there is none.

    :raises ValueError: It is no page of a listing, but that of a proxy, say.
    """
    try:
        root = ET.fromstring(page)  # noqa: S314 - from the storage service, over TLS
    except ET.ParseError as error:
        raise ValueError("The answer is no XML.") from error
    if root.tag != "EnumerationResults":
        raise ValueError("The answer is no listing.")
    return list(_files(root)), root.findtext("NextMarker") or ""


def _files(root: ET.Element) -> Iterator[StoredFile]:
    for blob in root.iterfind("Blobs/Blob"):
        if blob.findtext("Metadata/hdi_isfolder") or blob.findtext("Properties/ResourceType") == "directory":
            continue
        name = blob.find("Name")
        text = "" if name is None else name.text or ""
        if name is not None and name.get("Encoded") == "true":
            text = unquote(text)
        modified = parsedate_to_datetime(blob.findtext("Properties/Last-Modified", ""))
        yield StoredFile(text, int(blob.findtext("Properties/Content-Length", "0")), modified.astimezone(UTC))


def read_error(content: bytes) -> str | None:
    """Return the code and the first line of the message of an error; None where it is none of the service's."""
    try:
        error = ET.fromstring(content)  # noqa: S314 - from the storage service, over TLS
    except ET.ParseError:
        return None
    code = error.findtext("Code")
    detail = error.findtext("AuthenticationErrorDetail") or error.findtext("Message") or ""
    return f"{code}: {detail.partition(chr(10))[0]}" if code else None
