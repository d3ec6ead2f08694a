"""Answers of the Blob service that the emulator does not give."""

from datetime import UTC, datetime

import pytest

from airflow_synapse.hooks.blob_answers import read_error, read_page
from airflow_synapse.rejected_rows.layout import StoredFile

PAGE = """\ufeff<?xml version="1.0" encoding="utf-8"?>
<EnumerationResults ServiceEndpoint="https://lake.blob.core.windows.net/" ContainerName="landing"><Blobs>
<Blob><Name>a folder</Name><Properties><Last-Modified>Sun, 22 Nov 2026 10:00:00 GMT</Last-Modified>
<Content-Length>0</Content-Length><ResourceType>directory</ResourceType></Properties></Blob>
<Blob><Name Encoded="true">odd%EF%BF%BE%20name</Name><Properties>
<Last-Modified>Sun, 22 Nov 2026 10:00:00 GMT</Last-Modified><Content-Length>7</Content-Length>
<ResourceType>file</ResourceType></Properties></Blob>
</Blobs><NextMarker>2!88!next</NextMarker></EnumerationResults>"""


def test_folders_of_a_hierarchical_namespace_are_no_files_and_encoded_names_are_decoded():
    files, marker = read_page(PAGE.encode())
    assert files == [StoredFile("odd\ufffe name", 7, datetime(2026, 11, 22, 10, tzinfo=UTC))]
    assert marker == "2!88!next"


def test_of_an_error_the_detail_counts_most():
    error = (
        b"<?xml version='1.0'?><Error><Code>AuthenticationFailed</Code><Message>Server failed.\nRequestId:1</Message>"
        b"<AuthenticationErrorDetail>Signed expiry time has passed</AuthenticationErrorDetail></Error>"
    )
    assert read_error(error) == "AuthenticationFailed: Signed expiry time has passed"
    assert read_error(error.partition(b"<AuthenticationErrorDetail>")[0] + b"</Error>") == (
        "AuthenticationFailed: Server failed."
    )


def test_what_a_proxy_says_is_no_error_of_the_service():
    assert read_error(b"Bad gateway") is None
    assert read_error(b"<html><body>Bad gateway</body></html>") is None


@pytest.mark.parametrize("page", [b"", b"<html>", b"<html/>", b"{}"])
def test_what_is_no_listing_is_not_taken_for_an_empty_one(page):
    with pytest.raises(ValueError, match="The answer is no"):
        read_page(page)
