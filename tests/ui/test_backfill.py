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


def tries(airflow):
    """Return how often each day was loaded."""
    instances = airflow.request("GET", f"/dags/{DAG_ID}/dagRuns/~/taskInstances?task_id=load_day&limit=100")
    return [each["try_number"] for each in instances["task_instances"] if each["task_id"] == "load_day"]


@pytest.fixture
def backfill(browser, airflow, days, take_picture):
    """Fill in the form and wait until the backfill is done; return the states of its runs."""
    airflow.wait_for_dag(DAG_ID)
    count = 0

    def run(what, picture):
        nonlocal count
        count += 1
        airflow.request("PATCH", f"/dags/{DAG_ID}", {"is_paused": True})
        form = BackfillForm(browser, airflow)
        form.choose_days(days[0], days[-1])
        form.choose(what, max_active_runs=4)
        form.says(f"{len(days)} runs will be triggered.")
        take_picture(picture)
        # With SQLite, Airflow 3.3 gives up a backfill when anybody else writes meanwhile, and deletes its runs then.
        with airflow.without("scheduler", "dag-processor", "triggerer"):
            form.run()
        airflow.request("PATCH", f"/dags/{DAG_ID}", {"is_paused": False})
        return wait_until_done(airflow, count)

    return run


def test_backfill_of_two_weeks_and_again_for_all_runs_leaves_each_flight_once(
    backfill, browser, airflow, days, source, table, take_picture
):
    green = ["success"] * len(days)

    assert backfill("Missing Runs", "backfill-missing") == green
    assert tries(airflow) == [1] * len(days)
    assert table() == source

    assert backfill("All Runs", "backfill-all") == green
    assert tries(airflow) == [2] * len(days)
    assert table() == source

    browser.get(f"{airflow.url}/dags/{DAG_ID}")
    bars = f"//a[contains(@href, '/dags/{DAG_ID}/runs/backfill__')]"
    WebDriverWait(browser, SECONDS_FOR_A_PAGE).until(lambda page: len(page.find_elements(By.XPATH, bars)) >= len(days))
    take_picture("backfill-done")
