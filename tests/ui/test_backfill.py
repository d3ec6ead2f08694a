"""Somebody backfills two weeks of flights on Airflow's page, and then does it again for all runs."""

import csv
import io

import pytest
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from airflow_synapse.local.flights import flights_by_day

DAG_ID = "example_backfill_flights"
#: Columns of the table.
NUMBERS = ["year", "month", "day", "sched_dep_time", "sched_arr_time", "flight", "distance"]
TEXTS = ["carrier", "tailnum", "origin", "dest"]
COLUMNS = NUMBERS + TEXTS
SECONDS_FOR_A_PAGE = 60
SECONDS_FOR_A_BACKFILL = 300
SECONDS_FOR_A_BACKFILL_TO_BE_LISTED = 15
ATTEMPTS = 4


@pytest.fixture(scope="module")
def source(days):
    """The rows of the files."""
    files = flights_by_day(1)
    return sorted(
        tuple(line[name] if name in TEXTS else int(line[name]) for name in COLUMNS)
        for day in days
        for line in csv.DictReader(io.StringIO(files[day].decode()))
    )


@pytest.fixture
def table(workspace):
    """Return the rows of the table."""

    def read():
        connection = workspace.sql_pool.connect()
        rows = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM dbo.scheduled_flights").fetchall()
        connection.close()
        return sorted(tuple(row) for row in rows)

    return read


class BackfillForm:
    """The form behind Trigger on the page of a DAG."""

    def __init__(self, browser, airflow):
        self._browser = browser
        self._wait = WebDriverWait(browser, SECONDS_FOR_A_PAGE)
        browser.get(f"{airflow.url}/dags/{DAG_ID}")
        self._click("//button[@data-testid='trigger-dag-button']")
        self._click("//*[@role='dialog']//label[.//*[text()='Backfill']]")

    def choose_days(self, first, last):
        for label, day, time in (("From", first, "00:00"), ("To", last, "00:00")):
            self._click(f"//*[label[text()='{label}']]//*[text()='Select date and time']")
            self._type("//input[@placeholder='YYYY/MM/DD']", day.replace("-", "/"))
            self._type("//input[@placeholder='HH:mm']", time)
            self._find("//input[@placeholder='HH:mm']").send_keys(Keys.ESCAPE)
            self._wait.until(lambda browser: not browser.find_elements(By.XPATH, "//input[@placeholder='HH:mm']"))

    def choose(self, what, *, max_active_runs):
        self._click(f"//*[@role='dialog']//label[.//*[text()='{what}']]")
        self._type("//input[@name='max_active_runs']", str(max_active_runs))
        # Runs are not to start before all are made.
        self._click(f"//*[@role='dialog']//label[.//*[contains(text(), 'Unpause {DAG_ID}')]]")

    def says(self, text):
        self._find(f"//*[@role='dialog']//*[contains(text(), '{text}')]")

    def run(self):
        self._click("//*[@role='dialog']//button[text()='Run Backfill' and not(@disabled)]")
        title = f"//*[@role='dialog']//*[contains(text(), 'Run Backfill - {DAG_ID}')]"
        self._wait.until(lambda browser: not browser.find_elements(By.XPATH, title), "The form stays open")

    def _find(self, path):
        return self._wait.until(
            lambda browser: next((e for e in browser.find_elements(By.XPATH, path) if e.is_displayed()), None),
            f"There is no {path}",
        )

    def _click(self, path):
        self._find(path).click()

    def _type(self, path, text):
        field = self._find(path)
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text, Keys.TAB)


def wait_until_done(airflow, count):
    """Wait until that many backfills are done, and return the states of the runs."""
    seen = {}

    def is_done(_):
        seen["backfills"] = airflow.request("GET", f"/backfills?dag_id={DAG_ID}")["backfills"]
        runs = airflow.request("GET", f"/dags/{DAG_ID}/dagRuns?limit=100")["dag_runs"]
        seen["states"] = [run["state"] for run in runs]
        done = [each for each in seen["backfills"] if each["completed_at"]]
        return len(done) == count and {"success", "failed"}.issuperset(seen["states"])

    try:
        WebDriverWait(None, SECONDS_FOR_A_BACKFILL, poll_frequency=0.5).until(is_done)
    except TimeoutException:
        pytest.fail(f"The backfill does not end: {seen}")
    return seen["states"]


def is_listed(airflow, count):
    """Wait a while until Airflow lists that many backfills; say whether it does."""
    path = f"/backfills?dag_id={DAG_ID}"
    wait = WebDriverWait(None, SECONDS_FOR_A_BACKFILL_TO_BE_LISTED)
    try:
        return wait.until(lambda _: airflow.request("GET", path)["total_entries"] == count)
    except TimeoutException:
        return False


@pytest.fixture
def loads(workspace):
    """Return how many COPY statements the pool has completed."""

    def count():
        connection = workspace.sql_pool.connect()
        query = "SELECT COUNT(*) FROM sys.dm_pdw_exec_requests WHERE status = 'Completed' AND command LIKE 'COPY INTO%'"
        completed = connection.execute(query).fetchval()
        connection.close()
        return completed

    return count


@pytest.fixture
def backfill(browser, airflow, days, take_picture):
    """Fill in the form and wait until the backfill is done; return the states of its runs."""
    airflow.wait_for_dag(DAG_ID)
    count = 0

    def run(what, picture):
        nonlocal count
        count += 1
        airflow.request("PATCH", f"/dags/{DAG_ID}", {"is_paused": True})
        for _ in range(ATTEMPTS):
            submit(what, picture)
            if is_listed(airflow, count):
                break
        airflow.request("PATCH", f"/dags/{DAG_ID}", {"is_paused": False})
        return wait_until_done(airflow, count)

    def submit(what, picture):
        form = BackfillForm(browser, airflow)
        form.choose_days(days[0], days[-1])
        form.choose(what, max_active_runs=4)
        form.says(f"{len(days)} runs will be triggered.")
        take_picture(picture)
        # With SQLite, Airflow 3.3 may answer 503, and delete the runs that it was to run again: a user tries again.
        with airflow.without("scheduler", "dag-processor", "triggerer"):
            form.run()

    return run


def test_backfill_of_two_weeks_and_again_for_all_runs_leaves_each_flight_once(
    backfill, browser, airflow, days, source, table, loads, take_picture
):
    green = ["success"] * len(days)

    assert backfill("Missing Runs", "backfill-missing") == green
    assert loads() == len(days)
    assert table() == source

    assert backfill("All Runs", "backfill-all") == green
    # Each again, but for runs that Airflow has deleted and made anew: their loads are done, by what the task remembers.
    assert loads() > len(days)
    assert table() == source

    browser.get(f"{airflow.url}/dags/{DAG_ID}")
    bars = f"//a[contains(@href, '/dags/{DAG_ID}/runs/backfill__')]"
    WebDriverWait(browser, SECONDS_FOR_A_PAGE).until(lambda page: len(page.find_elements(By.XPATH, bars)) >= len(days))
    take_picture("backfill-done")
