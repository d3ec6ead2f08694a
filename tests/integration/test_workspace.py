"""The command line of the workspace, and the processes behind it."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pyodbc
import pytest

from airflow_synapse.local import __main__ as command_line
from airflow_synapse.local.azurite import install
from airflow_synapse.local.background import is_running, running_state
from airflow_synapse.local.home import WorkspaceError, default_home
from airflow_synapse.local.odbc import driver_path
from airflow_synapse.local.spark import environment
from airflow_synapse.local.workspace import Workspace


@pytest.fixture
def home(tmp_path):
    """An empty home folder that shares the installed programs."""
    azurite = install(default_home()).parents[5]
    (tmp_path / azurite.name).symlink_to(azurite)
    return tmp_path


@pytest.fixture
def command(home):
    """Run ``python -m airflow_synapse.local`` for the home folder; what it started is gone after the test."""

    def run(name, *arguments):
        return subprocess.run(
            [sys.executable, "-m", "airflow_synapse.local", name, *arguments, "--home", str(home)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    yield run
    run("down")


@pytest.fixture
def up(command):
    """The output of ``up``."""
    completed = command("up")
    assert completed.returncode == 0, completed.stderr
    return completed


def connections_in(output):
    """Return the connections that a shell exports when it evaluates the output, as the README tells users to."""
    shell = ["bash", "-c", 'set -a; eval "$1"; set +a; exec env -0', "bash", output]
    exported = subprocess.run(shell, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True)
    variables = dict(line.split("=", 1) for line in exported.stdout.split("\0") if line)
    prefix = "AIRFLOW_CONN_"
    return {
        name.removeprefix(prefix).lower(): json.loads(value)
        for name, value in variables.items()
        if name.startswith(prefix)
    }


def wait_until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_up_prints_the_connections_and_that_it_is_no_azure(up):
    connections = connections_in(up.stdout)

    assert connections["synapse_default"]["conn_type"] == "azure_synapse_sql_pool"
    assert connections["lake"]["conn_type"] == "wasb"
    assert "It is no Azure" in up.stderr


def test_printed_connection_leads_to_the_pool(up):
    from airflow.sdk import Connection  # noqa: PLC0415 - slow to import, and most tests need none

    from airflow_synapse.hooks.sql_pool import SynapseSqlPoolHook  # noqa: PLC0415 - see above

    fields = connections_in(up.stdout)["synapse_default"]
    hook = SynapseSqlPoolHook()
    hook._connection = Connection(conn_id="synapse_default", **{**fields, "extra": json.dumps(fields["extra"])})

    assert hook.get_first("SELECT DB_NAME()") == ("sqlpool",)


def test_up_with_spark_prints_a_connection_and_what_it_needs(command, home):
    spark = environment.install(default_home()).python.parents[2]
    (home / spark.name).symlink_to(spark)
    completed = command("up", "--spark")

    connection = connections_in(completed.stdout)["azure_synapse_default"]
    variables = dict(re.findall(r"^(\w+)='(.*)'$", completed.stdout, re.MULTILINE))
    assert connection["conn_type"] == "azure_synapse"
    assert variables["AZURE_AUTHORITY_HOST"] == connection["host"]
    trusted = ssl.create_default_context(cafile=variables["REQUESTS_CA_BUNDLE"])
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{connection['host']}/livyApi", context=trusted)
    assert command("fault", "spark", "hold").stdout == "Fault 1 waits for its moment.\n"
    assert variables["REQUESTS_CA_BUNDLE"] in command("status").stdout


def test_second_up_is_refused(up, command):
    again = command("up")

    assert again.returncode == 1
    assert "is up already" in again.stderr


def test_status_tells_up_from_down(command):
    before = command("status")
    command("up")
    after = command("status")

    assert (before.returncode, "is down" in before.stdout) == (3, True)
    assert (after.returncode, "is up" in after.stdout) == (0, True)
    assert set(connections_in(after.stdout.partition("\n")[2])) == {"synapse_default", "lake"}


def test_sql_prints_rows_as_a_table(up, command):
    completed = command("sql", "SELECT 'EWR' AS origin, 42 AS flights UNION ALL SELECT 'JFK', NULL ORDER BY 1")

    assert completed.stdout.splitlines() == ["origin  flights", "------  -------", "EWR          42", "JFK        NULL"]


def test_sql_shows_the_error_of_the_pool(up, command):
    completed = command("sql", "SELECT * FROM dbo.nothing")

    assert completed.returncode == 1
    assert "Invalid object name 'dbo.nothing'" in completed.stderr


def test_sql_without_a_workspace_says_how_to_start_one(command):
    completed = command("sql", "SELECT 1")

    assert (completed.returncode, completed.stdout) == (1, "")
    assert "airflow_synapse.local up" in completed.stderr


def test_sql_without_unixodbc_says_what_to_install(up, home, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pyodbc", None)  # as if its library could not be loaded

    assert command_line.main(["sql", "--home", str(home), "SELECT 1"]) == 1

    assert "apt-get install unixodbc" in capsys.readouterr().err


def test_down_stops_every_process(up, command, home):
    ports = [connection["port"] for connection in connections_in(up.stdout).values() if "port" in connection]
    ports += [int(connections_in(up.stdout)["lake"]["host"].split(":")[2].split("/")[0])]

    assert command("down").stdout == "The workspace is down.\n"

    assert not is_running(home)
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_down_without_a_workspace_is_no_error(command):
    completed = command("down")

    assert (completed.returncode, completed.stdout) == (0, "No workspace was up.\n")


def test_workspace_that_was_killed_counts_as_down_and_can_start_again(up, command, home):
    state = running_state(home)
    os.kill(state.process_id, signal.SIGKILL)
    wait_until(lambda: not is_running(home))

    assert (home / "workspace.json").exists()  # the leftover that must not deceive anybody
    assert command("status").returncode == 3
    assert command("up").returncode == 0


def test_tables_outlive_a_restart(up, command):
    command("sql", "CREATE TABLE dbo.kept (id int) WITH (HEAP)")
    command("sql", "INSERT INTO dbo.kept VALUES (7)")
    command("down")
    command("up")

    assert command("sql", "SELECT id FROM dbo.kept").stdout.split() == ["id", "--", "7"]


def test_foreground_stops_at_ctrl_c(home):
    arguments = [sys.executable, "-m", "airflow_synapse.local", "up", "--home", str(home), "--foreground"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout.readline().startswith("AIRFLOW_CONN_")

        process.send_signal(signal.SIGINT)

        assert process.wait(20) == 0
    assert not is_running(home)


@pytest.mark.parametrize(
    ("part", "name"), [("storage", "Azurite"), ("sql_pool", "The SQL pool"), ("spark_pool", "The Spark pool")]
)
def test_check_names_the_part_that_has_ended_by_itself(tmp_path, part, name):
    with Workspace(default_home(), tmp_path, spark=True) as workspace:
        workspace.check()

        os.kill(getattr(workspace, part).process.process_id, signal.SIGKILL)

        wait_until(lambda: not getattr(workspace, part).process.is_running)
        with pytest.raises(WorkspaceError, match=f"{name} has ended by itself"):
            workspace.check()


@pytest.fixture
def taken_port():
    """A port of 127.0.0.1 on which somebody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def test_taken_port_of_the_pool_is_said_and_the_storage_is_stopped(tmp_path, taken_port):
    with pytest.raises(WorkspaceError, match="address already in use"):
        Workspace(default_home(), tmp_path, sql_port=taken_port)

    assert "successfully closed" in (tmp_path / "storage" / "azurite.log").read_text()


def test_pool_stops_while_a_statement_runs(tmp_path):
    endless = (
        "SELECT SUM((a.id * b.id + c.id * d.id) % 7) FROM {t} a CROSS JOIN {t} b CROSS JOIN {t} c CROSS JOIN {t} d"
    )
    running = "SELECT COUNT(*) FROM sys.dm_pdw_exec_requests WHERE status = 'Running' AND command LIKE 'SELECT SUM%'"
    ended = []
    with Workspace(default_home(), tmp_path) as workspace:
        watching, connection = workspace.sql_pool.connect(), workspace.sql_pool.connect()
        watching.execute("CREATE TABLE dbo.numbers WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT 1 AS id")
        for _ in range(12):
            watching.execute("INSERT INTO dbo.numbers SELECT id + (SELECT COUNT(*) FROM dbo.numbers) FROM dbo.numbers")

        def run_long():
            try:
                connection.execute(endless.format(t="dbo.numbers"))
            except pyodbc.Error as error:
                ended.append(error)

        thread = threading.Thread(target=run_long)
        thread.start()
        wait_until(lambda: watching.execute(running).fetchval() == 1)
        process = workspace.sql_pool.process

    thread.join(20)
    assert not process.is_running
    assert len(ended) == 1  # the link broke; the statement did not come to its end


def test_pool_refuses_another_password(workspace):
    with pytest.raises(pyodbc.InterfaceError, match="Login failed"):
        pyodbc.connect(
            f"DRIVER={{{driver_path()}}};SERVER=localhost,{workspace.sql_pool.port};DATABASE=sqlpool;"
            "UID=sqladminuser;PWD=wrong;TrustServerCertificate=yes"
        )


def test_pool_log_holds_no_secret(workspace, tmp_path_factory):
    text = "".join(path.read_text() for path in tmp_path_factory.getbasetemp().rglob("sql_pool.log"))

    assert "listens on" in text
    assert workspace.sql_pool.password.reveal() not in text
    assert workspace.storage.key("lake").reveal() not in text
