"""Where files are."""

import pytest

from airflow_synapse.copy import ErrorFile, ExternalLocation, ManagedIdentity
from airflow_synapse.exceptions import CopyOptionError


def test_location_parsed_gives_its_parts():
    location = ExternalLocation.parse("https://lake.dfs.core.windows.net/landing/flights/2013/*.csv")

    assert location == ExternalLocation(
        scheme="https", host="lake.dfs.core.windows.net", container="landing", path="flights/2013/*.csv"
    )
    assert (location.account, location.endpoint) == ("lake", "dfs")


@pytest.mark.parametrize(
    "url",
    [
        "https://lake.blob.core.windows.net/landing/file.csv",
        "https://lake.blob.core.windows.net/landing/folder/",
        "https://lake.blob.core.windows.net/landing",
        "https://lake.dfs.core.windows.net/$root/file.csv",
        "https://lake.blob.core.chinacloudapi.cn/landing/it's here.csv",
        "https://lake.blob.core.usgovcloudapi.net/landing/日本/é%20.csv",
    ],
)
def test_location_url_is_what_was_parsed(url):
    assert ExternalLocation.parse(url).url == url


def test_location_host_is_lower_case_and_path_keeps_its_case():
    location = ExternalLocation.parse("HTTPS://Lake.BLOB.core.windows.net/landing/Folder/A.csv")

    assert location.url == "https://lake.blob.core.windows.net/landing/Folder/A.csv"


@pytest.mark.parametrize(
    ("path", "has_wildcard"),
    [("*.csv", True), (r"\*.csv", False), (r"\\*.csv", True), (r"\*/*.csv", True), ("a.csv", False), ("", False)],
)
def test_location_has_a_wildcard_unless_a_backslash_escapes_it(path, has_wildcard):
    location = ExternalLocation.parse(f"https://lake.blob.core.windows.net/landing/{path}")

    assert location.has_wildcard is has_wildcard


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("", "location-url"),
        ("flights.csv", "location-url"),
        ("abfss://landing@lake.dfs.core.windows.net/a.csv", "location-url"),
        ("wasbs://landing@lake.blob.core.windows.net/a.csv", "location-url"),
        ("https://lake.file.core.windows.net/landing/a.csv", "location-url"),
        ("https://example.com/landing/a.csv", "location-url"),
        ("https://lake.blob/landing/a.csv", "location-url"),
        ("https://lake.blob.core.windows.net:443/landing/a.csv", "location-url"),
        ("https://user:word@lake.blob.core.windows.net/landing/a.csv", "location-url"),
        ("https://lake.blob.core.windows.net/landing/a.csv, https://lake.blob.core.windows.net/landing/b.csv",
         "location-url"),
        ("['https://lake.blob.core.windows.net/landing/a.csv']", "location-url"),
        ("https://lake.blob.core.windows.net", "location-container"),
        ("https://lake.blob.core.windows.net/", "location-container"),
        ("https://lake.blob.core.windows.net/Landing/a.csv", "location-container"),
        ("https://lake.blob.core.windows.net/a--b/a.csv", "location-container"),
        ("https://lake.blob.core.windows.net/*/a.csv", "location-container"),
        ("https://lake.blob.core.windows.net/landing/a.csv?sv=2018&sig=abc", "location-query"),
        ("https://lake.z01.blob.storage.azure.net/landing/a.csv", "location-dns-zone"),
        ("https://onelake.dfs.fabric.microsoft.com/workspace/a.csv", "fabric-location"),
        ("https://lake.blob.core.windows.net/landing/{{ ds }}.csv", "template"),
    ],
)  # fmt: skip
def test_location_that_copy_cannot_read_is_refused(url, rule):
    with pytest.raises(CopyOptionError) as caught:
        ExternalLocation.parse(url)

    assert caught.value.rule == rule
    assert caught.value.option == "FROM"


@pytest.mark.parametrize(
    "url",
    [
        "https://lake.blob.core.windows.net/landing/a.csv?sv=2018&sig=s3ntinel",
        "https://user:s3ntinel@lake.blob.core.windows.net/landing/a.csv",
        "DefaultEndpointsProtocol=https;AccountName=lake;AccountKey=s3ntinel",
        "SharedAccessSignature=s3ntinel",
        "sv=2018&sig=s3ntinel",
    ],
)
def test_location_refused_does_not_show_what_may_be_a_secret(url):
    with pytest.raises(CopyOptionError) as caught:
        ExternalLocation.parse(url)

    assert "s3ntinel" not in str(caught.value)


@pytest.mark.parametrize("directory", ["/rejects", "/rejects/", "/rejects/flights"])
def test_error_file_starting_with_a_slash_is_relative(directory):
    error_file = ErrorFile(directory=directory)

    assert error_file.is_relative
    assert error_file.location is None


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_error_file_of_a_whole_url_has_its_own_location(scheme):
    url = f"{scheme}://archive.dfs.core.windows.net/rejects/flights"
    error_file = ErrorFile(directory=url, credential=ManagedIdentity())

    assert not error_file.is_relative
    assert error_file.location.url == url


@pytest.mark.parametrize(
    ("directory", "rule"),
    [
        ("", "error-file-directory"),
        ("/", "error-file-directory"),
        ("rejects", "error-file-directory"),
        ("https://archive.blob.core.windows.net/rejects", "error-file-directory"),
        ("https://archive.blob.core.windows.net/rejects/", "error-file-directory"),
        ("https://example.com/rejects/a", "location-url"),
        ("/rejects?sig=abc", "location-query"),
        ("/rejects/{{ ds }}", "template"),
    ],
)
def test_error_file_that_is_no_directory_is_refused(directory, rule):
    with pytest.raises(CopyOptionError) as caught:
        ErrorFile(directory=directory)

    assert caught.value.rule == rule
    assert caught.value.option == "ERRORFILE"
