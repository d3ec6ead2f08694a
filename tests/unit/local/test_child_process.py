import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from airflow_synapse.local.child_process import ChildProcess
from airflow_synapse.local.home import WorkspaceError


def python(code):
    return [sys.executable, "-c", textwrap.dedent(code)]


STOPS_AT_END_OF_INPUT = """
    import sys
    print("ready", flush=True)
    sys.stdin.read()
    print("bye", flush=True)
"""
IGNORES_ITS_INPUT = """
    import os, time
    print("ready", os.getpid(), flush=True)
    time.sleep(60)
"""


def is_alive(process_id):
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_gone(process_id):
    deadline = time.monotonic() + 10
    while is_alive(process_id) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_alive(process_id)


def test_stop_ends_a_child_that_watches_its_input_without_force(tmp_path):
    child = ChildProcess("It", python(STOPS_AT_END_OF_INPUT), log=tmp_path / "log")
    child.wait_for("ready", timeout=10)

    child.stop()

    assert (tmp_path / "log").read_text().split() == ["ready", "bye"]


@pytest.mark.parametrize("ends_with_input", [True, False])
def test_standard_error_has_a_log_of_its_own_if_asked(tmp_path, ends_with_input):
    code = python("import sys; print('out'); print('error', file=sys.stderr); sys.exit(3)")
    logs = {"log": tmp_path / "log", "error_log": tmp_path / "errors"}
    with ChildProcess("It", code, **logs, ends_with_input=ends_with_input) as child:
        while child.is_running:
            time.sleep(0.02)

    assert child.exit_code == 3
    assert (tmp_path / "log").read_text() == "out\n"
    assert (tmp_path / "errors").read_text() == "error\n"


def test_stop_ends_a_wrapped_child_that_ignores_its_input(tmp_path):
    child = ChildProcess("It", python(IGNORES_ITS_INPUT), log=tmp_path / "log", ends_with_input=False)
    process_id = int(child.wait_for(r"ready (\d+)", timeout=10).group(1))

    child.stop()

    assert not is_alive(process_id)


def test_stop_ends_what_a_wrapped_child_has_started(tmp_path):
    grandchild = "import time; time.sleep(60)"
    code = f"""
        import subprocess, sys, time
        print("started", subprocess.Popen([sys.executable, "-c", {grandchild!r}]).pid, flush=True)
        time.sleep(60)
    """
    child = ChildProcess("It", python(code), log=tmp_path / "log", ends_with_input=False)
    process_id = int(child.wait_for(r"started (\d+)", timeout=10).group(1))

    child.stop()

    assert wait_until_gone(process_id)


@pytest.mark.parametrize("ends_with_input", [True, False])
def test_child_ends_when_its_parent_is_killed(tmp_path, ends_with_input):
    code = (
        IGNORES_ITS_INPUT
        if not ends_with_input
        else 'import os, sys; print("ready", os.getpid(), flush=True); sys.stdin.read()'
    )
    parent = f"""
        import pathlib, sys, time
        from airflow_synapse.local.child_process import ChildProcess
        child = ChildProcess(
            "It",
            [sys.executable, "-c", {textwrap.dedent(code)!r}],
            log=pathlib.Path({str(tmp_path / "log")!r}),
            ends_with_input={ends_with_input},
        )
        print(child.wait_for(r"ready (\\d+)", timeout=10).group(1), flush=True)
        time.sleep(60)
    """
    with subprocess.Popen(python(parent), stdout=subprocess.PIPE, text=True) as process:
        process_id = int(process.stdout.readline())

        process.send_signal(signal.SIGKILL)

    assert wait_until_gone(process_id)


def test_wait_for_says_how_a_child_ended_and_what_it_wrote(tmp_path):
    child = ChildProcess("The server", python("import sys; sys.exit('the port is taken')"), log=tmp_path / "log")

    with pytest.raises(WorkspaceError, match=r"The server ended with code 1.*\nthe port is taken"):
        child.wait_for("ready", timeout=10)


def test_wait_for_stops_a_child_that_is_not_ready_in_time(tmp_path):
    child = ChildProcess("The server", python(STOPS_AT_END_OF_INPUT), log=tmp_path / "log")

    with pytest.raises(WorkspaceError, match=r"The server was not ready in 0\.2 s"):
        child.wait_for("never", timeout=0.2)

    assert not child.is_running


def test_first_input_reaches_the_child(tmp_path):
    code = "import sys; print('got', sys.stdin.readline(), flush=True); sys.stdin.read()"

    with ChildProcess("It", python(code), log=tmp_path / "log", first_input="configuration\n") as child:
        assert child.wait_for(r"got (\w+)", timeout=10).group(1) == "configuration"
