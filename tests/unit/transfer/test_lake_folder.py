"""Places in a storage account, as Spark and as COPY write them."""

import pytest

from airflow_synapse.exceptions import CopyOptionError, TransferOptionError
from airflow_synapse.transfer.lake_folder import at_endpoint, below, read_folder, spark_url


@pytest.mark.parametrize(
    ("url", "https"),
    [
        ("abfss://landing@lake.dfs.core.windows.net/a/b", "https://lake.blob.core.windows.net/landing/a/b/"),
        ("abfss://landing@lake.dfs.core.windows.net/a/b/", "https://lake.blob.core.windows.net/landing/a/b/"),
        ("abfss://landing@lake.dfs.core.windows.net", "https://lake.blob.core.windows.net/landing"),
        ("abfss://landing@lake.dfs.core.windows.net/", "https://lake.blob.core.windows.net/landing"),
        ("ABFSS://landing@Lake.dfs.core.chinacloudapi.cn/a", "https://lake.blob.core.chinacloudapi.cn/landing/a/"),
    ],
)
def test_a_folder_of_spark_is_one_of_copy(url, https):
    assert read_folder(url, "staging_folder").url == https


@pytest.mark.parametrize("path", ["", "a/", "a b/ü/"])
def test_a_folder_goes_there_and_back(path):
    url = f"abfss://landing@lake.dfs.core.windows.net/{path}"
    assert spark_url(read_folder(url, "staging_folder")) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://lake.blob.core.windows.net/landing/a",
        "abfss://lake.dfs.core.windows.net/landing",
        "abfss://landing@lake.blob.core.windows.net/a",
        "abfss://landing@lake.dfs.core.windows.net/a/*.parquet",
        "abfss://landing@lake.dfs.core.windows.net/a?sig=x",
        "",
    ],
)
def test_what_is_no_folder_of_spark_is_refused_by_the_name_of_its_argument(url):
    with pytest.raises(TransferOptionError, match=r"^staging_folder is"):
        read_folder(url, "staging_folder")


def test_a_container_that_cannot_be_is_refused():
    with pytest.raises(CopyOptionError, match="staging_folder"):
        read_folder("abfss://No_Container@lake.dfs.core.windows.net/a", "staging_folder")


def test_folders_lie_in_folders_and_have_two_endpoints():
    folder = below(read_folder("abfss://landing@lake.dfs.core.windows.net", "staging_folder"), "run-1")
    assert folder.url == "https://lake.blob.core.windows.net/landing/run-1/"
    assert at_endpoint(below(folder, "data"), "dfs").url == "https://lake.dfs.core.windows.net/landing/run-1/data/"
