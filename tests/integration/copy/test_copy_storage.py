"""Which blobs COPY reads, and with which credential."""

from __future__ import annotations

import pytest
from plain_pool import CLIENT_ID, Landing, Pool, column

from airflow_synapse.local.copy.environment import StorageAccount, StorageConfiguration
from airflow_synapse.local.errors import PoolError

ENDPOINT = "https://login.microsoftonline.com/tenant/oauth2/token"
FILES = {
    "top.csv": 1,
    "day/a.csv": 2,
    "day/b.txt": 3,
    "day/sub/c.csv": 4,
    "day/_d.csv": 5,
    "day/.e.csv": 6,
    "day/_sub/f.csv": 7,
    "day/*.csv": 8,
    "day2/g.csv": 9,
}


@pytest.fixture
def numbered_files(pool: Pool, landing: Landing) -> None:
    for name, number in FILES.items():
        landing.upload(name, f"{number}\n")
    landing.upload("day/sub", b"", metadata={"hdi_isfolder": "true"})
    pool.create(column("n", "int"))


@pytest.mark.usefixtures("numbered_files")
@pytest.mark.parametrize(
    ("path", "numbers"),
    [
        ("", [1, 2, 3, 4, 8, 9]),
        ("day", [2, 3, 4, 8]),
        ("day/", [2, 3, 4, 8]),
        ("day/a.csv", [2]),
        ("day/_d.csv", [5]),
        ("day/_sub", [7]),
        ("day/*.csv", [2, 4, 8]),
        ("day/_*.csv", [5, 7]),
        (r"day/\*.csv", [8]),
        ("*.txt", [3]),
        ("d*/g.csv", [9]),
    ],
)
def test_a_location_names_files(pool: Pool, path: str, numbers: list[int]) -> None:
    pool.copy(path=path)
    assert pool.rows("SELECT n FROM t ORDER BY n") == [(number,) for number in numbers]


@pytest.mark.usefixtures("numbered_files")
def test_many_locations_are_loaded_in_one_copy(pool: Pool) -> None:
    dfs = pool.url.replace(".blob.", ".dfs.")
    assert pool.run(f"COPY INTO t FROM '{pool.url}/top.csv', '{dfs}/day2', '{pool.url}/top.csv'").files == 2
    assert pool.rows("SELECT n FROM t ORDER BY n") == [(1,), (9,)]


@pytest.mark.usefixtures("numbered_files")
@pytest.mark.parametrize("path", ["missing.csv", "DAY/", "day/*.CSV", "day/a"])
def test_a_location_without_a_file_fails(pool: Pool, path: str) -> None:
    with pytest.raises(PoolError, match="does not exist or you don't have file access rights") as caught:
        pool.copy(path=path)
    assert caught.value.number == 4860


def test_a_missing_container_fails(pool: Pool) -> None:
    pool.create(column("n", "int"))
    with pytest.raises(PoolError, match=r"\(404\) Not Found"):
        pool.run("COPY INTO t FROM 'https://lake.blob.core.windows.net/missing/a.csv'")


def test_an_unknown_account_fails(pool: Pool) -> None:
    pool.create(column("n", "int"))
    with pytest.raises(PoolError, match="could not be resolved: 'elsewhere"):
        pool.run("COPY INTO t FROM 'https://elsewhere.blob.core.windows.net/landing/a.csv'")


def test_a_storage_that_does_not_answer_fails(pool: Pool, landing: Landing) -> None:
    pool.create(column("n", "int"))
    pool.environment.storage = StorageConfiguration({"lake": StorageAccount("http://127.0.0.1:9/lake", landing.key)})
    with pytest.raises(PoolError, match="Unable to connect to the remote server"):
        pool.copy()


def _sas(token: str) -> str:
    return f"CREDENTIAL = (IDENTITY = 'Shared Access Signature', SECRET = '{token}')"


def _key(key: str) -> str:
    return f"CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = '{key}')"


def _principal(client: str, secret: str) -> str:
    return f"CREDENTIAL = (IDENTITY = '{client}@{ENDPOINT}', SECRET = '{secret}')"


@pytest.mark.usefixtures("numbered_files")
@pytest.mark.parametrize(
    "credential",
    [
        pytest.param(lambda landing: "FILE_TYPE = 'CSV'", id="identity of the login"),
        pytest.param(lambda landing: _sas(landing.sas("rl")), id="SAS"),
        pytest.param(lambda landing: _sas("?" + landing.sas("rl")), id="SAS with question mark"),
        pytest.param(lambda landing: _key(landing.key.reveal()), id="account key"),
        pytest.param(lambda landing: "CREDENTIAL = (IDENTITY = 'Managed Identity')", id="managed identity"),
        pytest.param(lambda landing: _principal(CLIENT_ID, "principal secret"), id="service principal"),
    ],
)
def test_every_kind_of_credential_opens_the_storage(pool: Pool, landing: Landing, credential) -> None:
    pool.copy(credential(landing), path="top.csv")
    assert pool.rows() == [(1,)]


@pytest.mark.usefixtures("numbered_files")
@pytest.mark.parametrize(
    ("credential", "message"),
    [
        pytest.param(lambda landing: _sas(landing.sas("r")), "(403) Forbidden", id="SAS without LIST"),
        pytest.param(lambda landing: _sas(landing.sas("l")), "(403) Forbidden", id="SAS without READ"),
        pytest.param(lambda landing: _sas(landing.sas("rl", minutes=-5)), "(403) Forbidden", id="expired SAS"),
        pytest.param(lambda landing: _sas(landing.sas("rl")[:-6] + "AAA%3D"), "(403) Forbidden", id="altered SAS"),
        pytest.param(lambda landing: _key("d3Jvbmcga2V5"), "(403) Forbidden", id="wrong key"),
        pytest.param(lambda landing: _key("no base64"), "(403) Forbidden", id="malformed key"),
        pytest.param(lambda landing: _principal(CLIENT_ID, "wrong"), "(401) Unauthorized", id="wrong secret"),
        pytest.param(
            lambda landing: _principal(CLIENT_ID.replace("1", "9"), "principal secret"),
            "(401) Unauthorized",
            id="unknown principal",
        ),
    ],
)
def test_a_credential_that_is_refused_fails_the_copy(pool: Pool, landing: Landing, credential, message: str) -> None:
    clause = credential(landing)
    with pytest.raises(PoolError) as caught:
        pool.copy(clause, path="top.csv")
    assert f"Not able to validate external location because The remote server returned an error: {message}" in str(
        caught.value
    )
    assert clause.split("SECRET = '")[1].rstrip("')") not in str(caught.value)
    assert pool.rows() == []
