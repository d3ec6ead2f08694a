"""``python -m airflow_synapse.local fault``, against a workspace that runs in the background."""

import os
import subprocess
import sys

import pyodbc
import pytest

from airflow_synapse.local import __main__ as command_line
from airflow_synapse.local import background
from airflow_synapse.local.background import State
from airflow_synapse.local.fault_client import ControlClient
from airflow_synapse.local.fault_control import FaultControl, fault_commands
from airflow_synapse.local.faults import Faults
from airflow_synapse.local.spark.faults import SparkFault
from airflow_synapse.local.sql_pool import DATABASE, LOGIN


@pytest.fixture(scope="module")
def spark_control():
    """The control port of a Spark pool, without the pool."""
    control = FaultControl(fault_commands(Faults(), SparkFault))
    yield ControlClient(control.port)
    control.close()


@pytest.fixture
def fault(breakable_pool, spark_control, monkeypatch, capsys):
    """Run a fault command for the pools of the tests and return its code and what it printed."""
    state = State(1, {}, breakable_pool.control_port, spark_control.port)
    monkeypatch.setattr(background, "running_state", lambda _: state)

    def run(*arguments):
        code = command_line.main(["fault", *arguments])
        return code, "".join(capsys.readouterr())

    return run


def test_faults_are_set_listed_and_cleared(fault):
    code, output = fault("drop", "--moment", "committed", "--label", "load_*")
    assert (code, output) == (0, f"Fault {output.split()[1]} waits for its moment.\n")
    fault("delay", "2.5", "--text", "^COPY", "--times", "3")
    fault("hold")
    fault("outlive")
    rows = [line.split() for line in fault("list")[1].splitlines() if line.split()[:1] and line.split()[0].isdigit()]
    assert [row[1:3] for row in rows] == [
        ["drop", "committed"],
        ["delay", "running"],
        ["hold", "running"],
        ["outlive", "before"],
    ]
    fault("clear")
    assert "drop" not in fault("list")[1]


def test_the_pool_is_paused_and_resumed(fault, breakable_pool):
    assert fault("pause")[0] == 0
    with pytest.raises(pyodbc.Error, match="42108"):
        breakable_pool.connect()
    assert fault("resume", "--warm-up-logins", "1")[0] == 0
    with pytest.raises(pyodbc.Error, match="42109"):
        breakable_pool.connect()
    breakable_pool.connect().close()


def test_logins_are_refused(fault, breakable_pool):
    assert fault("refuse-logins", "40613")[0] == 0
    with pytest.raises(pyodbc.Error, match="40613"):
        breakable_pool.connect()


@pytest.fixture
def sql(breakable_pool, monkeypatch, capsys):
    """Run the command ``sql`` on the pool of the tests and return its code and what it printed."""
    password = breakable_pool.password.reveal()
    pool = {"port": breakable_pool.port, "schema": DATABASE, "login": LOGIN, "password": password}
    state = State(1, {"synapse_default": pool}, breakable_pool.control_port)
    monkeypatch.setattr(background, "running_state", lambda _: state)

    def run(batch):
        code = command_line.main(["sql", batch])
        return code, "".join(capsys.readouterr())

    return run


def test_sql_says_in_a_sentence_why_it_cannot_connect(sql, breakable_pool):
    breakable_pool.faults.pause()
    code, output = sql("SELECT 1")
    assert code == 1
    assert "Cannot connect" in output
    assert len(output.splitlines()) == 1


@pytest.mark.parametrize("batch", ["", " \n"])
def test_sql_refuses_a_batch_that_is_empty(sql, batch):
    assert sql(batch) == (1, 'The batch is empty. Give T-SQL, such as "SELECT name FROM sys.tables".\n')


def test_output_that_nobody_reads_any_more_ends_the_command_without_a_word(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "airflow_synapse.local", "status", "--home", str(tmp_path)]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_sql_shows_a_time_with_its_zone(sql):
    code, output = sql("SELECT CAST('2013-01-02 03:04:05.1234567 +01:30' AS datetimeoffset) AS moment")
    assert (code, output.splitlines()[-1]) == (0, "2013-01-02 01:34:05.123456+00:00")


def test_faults_of_the_spark_pool_are_set_listed_and_cleared(fault, spark_control):
    fault("spark", "unavailable", "--moment", "after")
    fault("spark", "throttle", "2.5", "--request", "get", "--name", "load_*", "--times", "3")
    for action in ("drop", "hold", "die", "lie"):
        fault("spark", action)
    fault("spark", "delay", "9")

    listed = spark_control.listed()
    assert [(each["action"], each["moment"]) for each in listed] == [
        ("unavailable", "after"),
        ("throttle", "before"),
        ("drop", "before"),
        ("hold", "queued"),
        ("die", "queued"),
        ("lie", "ended"),
        ("delay", "queued"),
    ]
    assert listed[1] | {"text": "get", "label": "load_*", "times": 3, "seconds": 2.5} == listed[1]
    assert "unavailable" in fault("spark", "list")[1]
    fault("spark", "clear")
    assert spark_control.listed() == []


def test_a_workspace_without_spark_pool_says_how_to_start_one(fault, monkeypatch):
    monkeypatch.setattr(background, "running_state", lambda _: State(1, {}, control_port=1))

    assert fault("spark", "hold") == (
        1,
        "The workspace has no Spark pool. Start it with: python -m airflow_synapse.local up --spark\n",
    )


@pytest.mark.parametrize("arguments", [("forget-requests",), ("release",), ("release", "7")])
def test_other_commands_answer(fault, arguments):
    assert fault(*arguments) == (0, "Done.\n")


def test_what_makes_no_sense_is_an_error(fault):
    code, output = fault("drop", "--text", "(")
    assert code == 1
    assert "regular expression" in output


def test_a_workspace_that_is_down_says_how_to_start_it(monkeypatch, capsys):
    monkeypatch.setattr(background, "running_state", lambda _: None)
    assert command_line.main(["fault", "pause"]) == 1
    assert "local up" in capsys.readouterr().err
