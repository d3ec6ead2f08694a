"""Somebody backfills two weeks of flights on Airflow's page, and then does it again for all runs."""

import csv
import io
import re

import pytest
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


@pytest.fixture
def tries(airflow):
    """Return the day, the state and the number of the last try of each load, in the order of the days."""

    def read():
        loads = airflow.request("GET", f"/dags/{DAG_ID}/dagRuns/~/taskInstances?task_id=load_day&limit=100")
        return sorted(
            (load["logical_date"][:10], load["state"], load["try_number"]) for load in loads["task_instances"]
        )

    return read


@pytest.fixture
def backfill(browser, airflow, days, tries, take_picture):
    """Fill in the form and wait until each day has ended its try of that number."""
    airflow.wait_for_dag(DAG_ID)
    wait = WebDriverWait(None, SECONDS_FOR_A_BACKFILL)

    def all_are_closed(_):
        backfills = airflow.request("GET", f"/backfills?dag_id={DAG_ID}")["backfills"]
        return all(each["completed_at"] for each in backfills)

    def all_have_ended(number):
        ended = [day for day, state, last in tries() if last >= number and state in {"success", "failed"}]
        return ended == days

    def run(what, picture, number):
        # Airflow closes a backfill up to 30 s after its last run, and takes no other before.
        wait.until(all_are_closed, "An earlier backfill does not end")
        form = BackfillForm(browser, airflow)
        form.choose_days(days[0], days[-1])
        form.choose(what, max_active_runs=4)
        form.says(f"{len(days)} runs will be triggered.")
        take_picture(picture)
        form.run()
        wait.until(lambda _: all_have_ended(number), "The backfill does not end")

    return run


@pytest.fixture
def copies(workspace):
    """Return the day of each COPY statement that the pool has been sent, and what became of it, in their order."""

    def read():
        connection = workspace.sql_pool.connect()
        query = "SELECT command, status FROM sys.dm_pdw_exec_requests WHERE command LIKE 'COPY INTO%'"
        requests = connection.execute(query).fetchall()
        connection.close()
        return sorted((re.search(r"/flights/([0-9-]+)/", command)[1], status) for command, status in requests)

    return read


def test_backfill_of_two_weeks_and_again_for_all_runs_leaves_each_flight_once(
    backfill, browser, airflow, days, source, tries, copies, table, take_picture
):
    backfill("Missing Runs", "backfill-missing", 1)
    assert tries() == [(day, "success", 1) for day in days]
    assert copies() == [(day, "Completed") for day in days]
    assert table() == source

    backfill("All Runs", "backfill-all", 2)
    assert tries() == [(day, "success", 2) for day in days]
    assert copies() == [(day, "Completed") for day in days for _ in range(2)]
    assert table() == source

    browser.get(f"{airflow.url}/dags/{DAG_ID}")
    bars = f"//a[contains(@href, '/dags/{DAG_ID}/runs/backfill__')]"
    WebDriverWait(browser, SECONDS_FOR_A_PAGE).until(lambda page: len(page.find_elements(By.XPATH, bars)) >= len(days))
    take_picture("backfill-done")
