"""The command ``python -m airflow_synapse.local fault``."""

from __future__ import annotations

import argparse

from airflow_synapse.local import background
from airflow_synapse.local.fault_client import ControlClient
from airflow_synapse.local.faults import ACTIONS, MOMENTS, RUNNING
from airflow_synapse.local.home import WorkspaceError
from airflow_synapse.local.spark.faults import BEFORE, MOMENTS_OF, REQUESTS, SUBMIT
from airflow_synapse.local.text_table import text_table

_HEADINGS = ("number", "action", "moment", "label", "text", "seconds", "times", "held")


def add_fault_command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser
) -> None:
    """Add ``fault`` with its own commands."""
    fault = commands.add_parser("fault", help="tell a pool to do something wrong, to see how a client copes")
    faults = fault.add_subparsers(required=True, metavar="FAULT")
    spark = faults.add_parser("spark", help="tell the Spark pool to do something wrong")
    _add_spark_faults(spark.add_subparsers(required=True, metavar="FAULT"), common)

    def add(name: str, description: str) -> argparse.ArgumentParser:
        return _add(faults, common, name, description, "control_port")

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
    _add_commands_of_every_pool(faults, common, "control_port")
    add("pause", "pause the pool: cancel everything, empty the DMVs, refuse logins with 42108")
    resume = add("resume", "resume the pool, warming up (42109) if asked")
    resume.add_argument("--warm-up-seconds", type=float, default=0.0)
    resume.add_argument("--warm-up-logins", type=int, default=0)
    refuse = add("refuse-logins", "refuse the next logins with an error number")
    refuse.add_argument("number", type=int)
    refuse.add_argument("--times", type=int, default=1)
    add("forget-requests", "empty the DMVs")


def _add_spark_faults(
    faults: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser
) -> None:
    for action, description in zip(
        MOMENTS_OF,
        (
            "answer a request with status 503",
            "answer a request with status 429 and the seconds as Retry-After",
            "hang up instead of answering a request",
            "let a batch queue that many seconds more",
            "let a batch queue until it is released",
            "let a batch die before its job starts",
            "tell success of a batch though its job failed",
        ),
        strict=True,
    ):
        parser = _add(faults, common, action, description, "spark_control_port")
        moments = MOMENTS_OF[action]
        if action in {"throttle", "delay"}:
            parser.add_argument("seconds", type=float)
        if BEFORE in moments:
            parser.add_argument("--request", dest="text", choices=REQUESTS, default=SUBMIT, help="default: %(default)s")
        parser.add_argument("--moment", choices=moments, default=moments[0], help="default: %(default)s")
        parser.add_argument("--name", dest="label", help="of the batch; * and ? are wildcards (default: any batch)")
        parser.add_argument("--times", type=int, default=1, help="for so many of them (default: 1)")
    _add_commands_of_every_pool(faults, common, "spark_control_port")


def _add_commands_of_every_pool(
    faults: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser, control: str
) -> None:
    release = _add(faults, common, "release", "let go on what is held", control)
    release.add_argument("number", type=int, nargs="?", help="of the fault (default: all)")
    _add(faults, common, "list", "show the faults that wait for their moment or hold something", control)
    _add(faults, common, "clear", "remove every fault", control)


def _add(
    faults: argparse._SubParsersAction[argparse.ArgumentParser],
    common: argparse.ArgumentParser,
    name: str,
    description: str,
    control: str,
) -> argparse.ArgumentParser:
    parser = faults.add_parser(name, parents=[common], help=description)
    parser.set_defaults(run=_run, fault=name, control=control)
    return parser


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
    port = getattr(state, options.control)
    if port is None:
        raise WorkspaceError(
            "The workspace has no Spark pool. Start it with: python -m airflow_synapse.local up --spark"
        )
    client = ControlClient(port)
    own = {"home", "run", "fault", "control"}
    arguments = {key: value for key, value in vars(options).items() if key not in own}
    if options.fault in {*ACTIONS, *MOMENTS_OF}:
        number = client.command("add", action=options.fault, **arguments)
        print(f"Fault {number} waits for its moment.")
    elif options.fault == "list":
        print(text_table(_HEADINGS, [[fault[heading] for heading in _HEADINGS] for fault in client.listed()]))
    else:
        client.command(options.fault.replace("-", "_"), **arguments)
        print("Done.")
    return 0
