"""A headless Chromium, and a real Airflow on PostgreSQL with the example DAGs, connected to 14 days of flights."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from airflow_synapse.local.airflow import Airflow
from airflow_synapse.local.child_process import ChildProcess
from airflow_synapse.local.demo import upload_flights
from airflow_synapse.local.home import default_home
from airflow_synapse.local.workspace import Workspace

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "example_dags"
DAYS = 14
_OPTIONS = (
    "--headless",
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    # Nothing may ask the internet for anything.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1100",
)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.airflow)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A workspace of its own, whose container ``landing`` holds the days."""
    with Workspace(default_home(), tmp_path_factory.mktemp("workspace")) as running:
        yield running


@pytest.fixture(scope="module")
def days(workspace):
    """The days whose flights are in the container ``landing``."""
    return upload_flights(workspace, DAYS)


@pytest.fixture(scope="module")
def database():
    """The URL of an empty database of a PostgreSQL of our own: Airflow does not support backfills on SQLite."""
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    programs = max(installed, key=lambda folder: int(folder.parent.name), default=None)
    if programs is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    # Not pytest's folder: only root may enter that of root, and PostgreSQL refuses to run as root.
    with tempfile.TemporaryDirectory(prefix="postgresql-") as folder:
        as_user = []
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
            as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "env", f"--chdir={folder}"]
        data = f"{folder}/data"
        options = ["--auth=trust", "--username=airflow", "--encoding=UTF8", "--no-locale", "--no-sync"]
        subprocess.run([*as_user, programs / "initdb", *options, f"--pgdata={data}"], check=True, capture_output=True)
        # A socket in a folder that no other user may enter; no port.
        options = ["-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"]
        command = [*as_user, str(programs / "postgres"), *options]
        log = Path(folder, "postgresql.log")
        with ChildProcess("PostgreSQL", command, log=log, ends_with_input=False) as server:
            server.wait_for("ready to accept connections", timeout=60)
            yield f"postgresql+psycopg2://airflow@/postgres?host={folder}"


@pytest.fixture(scope="module")
def airflow(database, workspace, days, tmp_path_factory):
    """Airflow with the example DAGs only."""
    environment = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database}
    with Airflow(tmp_path_factory.mktemp("airflow"), EXAMPLES, parallelism=4, environment=environment) as running:
        for connection_id, connection in workspace.connections().items():
            running.add_connection(connection_id, connection)
        yield running


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Chromium, or the Chrome that is made of it, driven by Selenium."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    controller = shutil.which("chromedriver")
    if not program or not controller:
        pytest.skip("Chromium and its driver are not installed (apt-get install chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for option in (*_OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(option)
    driver = webdriver.Chrome(options=options, service=Service(controller))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def take_picture(browser, tmp_path_factory):
    """Take a picture of the page: ``take_picture("name")``. SCREENSHOTS names a folder that keeps it."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path_factory.mktemp("pictures"))
    return lambda name: browser.save_screenshot(str(folder / f"{name}.png"))
