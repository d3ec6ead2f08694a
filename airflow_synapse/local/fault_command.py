"""The command ``python -m airflow_synapse.local fault``."""

from __future__ import annotations

import argparse

from airflow_synapse.local import background
from airflow_synapse.local.fault_client import FaultClient
from airflow_synapse.local.faults import ACTIONS, MOMENTS, RUNNING
from airflow_synapse.local.home import WorkspaceError
from airflow_synapse.local.text_table import text_table

_HEADINGS = ("number", "action", "moment", "label", "text", "seconds", "times", "held")


def add_fault_command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser
) -> None:
    """Add ``fault`` with its own commands."""
    fault = commands.add_parser("fault", help="tell the SQL pool to do something wrong, to see how a client copes")
    faults = fault.add_subparsers(required=True, metavar="FAULT")

    def add(name: str, description: str) -> argparse.ArgumentParser:
        parser = faults.add_parser(name, parents=[common], help=description)
        parser.set_defaults(run=_run, fault=name)
        return parser

    for action, description in zip(
        ACTIONS,
        (
            "break the client's connection at a moment of a statement",
            "let a statement take longer",
            "hold a statement until it is released",
            "let a statement go on when its client is gone",
        ),
        strict=True,
    ):
        _statement_arguments(add(action, description), action)
    release = add("release", "let held statements go on")
    release.add_argument("number", type=int, nargs="?", help="of the fault (default: all)")
    add("list", "show the faults that wait for a statement or hold one")
    add("clear", "remove every fault")
    add("pause", "pause the pool: cancel everything, empty the DMVs, refuse logins with 42108")
    resume = add("resume", "resume the pool, warming up (42109) if asked")
    resume.add_argument("--warm-up-seconds", type=float, default=0.0)
    resume.add_argument("--warm-up-logins", type=int, default=0)
    refuse = add("refuse-logins", "refuse the next logins with an error number")
    refuse.add_argument("number", type=int)
    refuse.add_argument("--times", type=int, default=1)
    add("forget-requests", "empty the DMVs")


def _statement_arguments(parser: argparse.ArgumentParser, action: str) -> None:
    if action == "delay":
        parser.add_argument("seconds", type=float)
    moment = "before" if action == "outlive" else RUNNING
    parser.add_argument("--moment", choices=MOMENTS, default=moment, help="of the statement (default: %(default)s)")
    parser.add_argument("--label", help="of the statement; * and ? are wildcards (default: any statement)")
    parser.add_argument("--text", help="regular expression to find in the statement (default: any statement)")
    parser.add_argument("--times", type=int, default=1, help="for so many statements (default: 1)")


def _run(options: argparse.Namespace) -> int:
    state = background.running_state(options.home)
    if state is None:
        raise WorkspaceError("The workspace is down. Start it with: python -m airflow_synapse.local up")
    client = FaultClient(state.control_port)
    arguments = {key: value for key, value in vars(options).items() if key not in {"home", "run", "fault"}}
    if options.fault in ACTIONS:
        number = client.command("add", action=options.fault, **arguments)
        print(f"Fault {number} waits for its statement.")
    elif options.fault == "list":
        print(text_table(_HEADINGS, [[fault[heading] for heading in _HEADINGS] for fault in client.listed()]))
    else:
        client.command(options.fault.replace("-", "_"), **arguments)
        print("Done.")
    return 0
