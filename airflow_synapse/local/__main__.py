"""The command ``python -m airflow_synapse.local``: start, stop and ask a workspace on this machine."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_synapse.local import background
from airflow_synapse.local.fault_command import add_fault_command
from airflow_synapse.local.home import HOME_VARIABLE, WorkspaceError, default_home
from airflow_synapse.local.odbc import connect, load_pyodbc
from airflow_synapse.local.text_table import text_table

if TYPE_CHECKING:
    import pyodbc

_NO_AZURE = (
    "This is a workspace on 127.0.0.1 for trying things out: Azurite, and stand-ins for the pools of Synapse.\n"
    "It is no Azure: nothing here leaves this machine, and nothing proves how the service behaves."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        code = int(options.run(options))
        sys.stdout.flush()
    except WorkspaceError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever reads the output, such as `head -1`, has enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes it once more when it ends
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m airflow_synapse.local", description=_NO_AZURE)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--home",
        type=Path,
        default=default_home(),
        help=f"folder of the workspace (default: %(default)s; {HOME_VARIABLE})",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", parents=[common], help="start the workspace and print its connections")
    up.add_argument("--foreground", action="store_true", help="run until Ctrl-C instead of in the background")
    up.add_argument("--storage-port", type=int, default=0, help="port of the storage (default: a free one)")
    up.add_argument("--sql-port", type=int, default=0, help="port of the SQL pool (default: a free one)")
    up.add_argument("--spark", action="store_true", help="start a Spark pool too")
    up.add_argument("--spark-port", type=int, default=0, help="port of the Spark pool (default: a free one)")
    up.set_defaults(run=_up)
    down = commands.add_parser("down", parents=[common], help="stop the workspace; its data stay")
    down.set_defaults(run=_down)
    status = commands.add_parser("status", parents=[common], help="show whether it runs, and its connections")
    status.set_defaults(run=_status)
    sql = commands.add_parser(
        "sql", parents=[common], help="run a batch of T-SQL in the pool and print what it returns"
    )
    sql.add_argument("batch", help='T-SQL, such as "SELECT name FROM sys.tables"')
    sql.set_defaults(run=_sql)
    add_fault_command(commands, common)
    return parser


def _up(options: argparse.Namespace) -> int:
    parts = background.Parts(options.storage_port, options.sql_port, options.spark, options.spark_port)
    if options.foreground:
        background.run(options.home, parts, ready=_print_variables)
    else:
        _print_variables(background.start(options.home, parts))
    return 0


def _down(options: argparse.Namespace) -> int:
    print("The workspace is down." if background.stop(options.home) else "No workspace was up.")
    return 0


def _status(options: argparse.Namespace) -> int:
    state = background.running_state(options.home)
    if state is None:
        print(f"The workspace in {options.home} is down.")
        return 3  # what `systemctl status` returns for a service that does not run
    print(f"The workspace in {options.home} is up (process {state.process_id}).")
    _print_variables(state)
    return 0


def _sql(options: argparse.Namespace) -> int:
    if not options.batch.strip():
        raise WorkspaceError('The batch is empty. Give T-SQL, such as "SELECT name FROM sys.tables".')
    state = background.running_state(options.home)
    if state is None:
        raise WorkspaceError("The workspace is down. Start it with: python -m airflow_synapse.local up")
    pool = state.connections["synapse_default"]
    odbc = load_pyodbc()
    try:
        with connect(
            port=pool["port"], database=pool["schema"], user=pool["login"], password=pool["password"]
        ) as connection:
            _print_results(connection.execute(options.batch))
    except odbc.Error as error:
        raise WorkspaceError(error.args[-1]) from None
    return 0


def _print_results(cursor: pyodbc.Cursor) -> None:
    while True:
        if cursor.description is not None:
            print(text_table([column[0] for column in cursor.description], cursor.fetchall()))
        elif cursor.rowcount >= 0:
            print(f"({cursor.rowcount} rows affected)")
        if not cursor.nextset():
            return


def _print_variables(state: background.State) -> None:
    print(_NO_AZURE, file=sys.stderr)
    for connection_id, connection in state.connections.items():
        print(f"AIRFLOW_CONN_{connection_id.upper()}='{json.dumps(connection)}'", flush=True)
    for name, value in state.environment.items():
        print(f"{name}='{value}'", flush=True)


if __name__ == "__main__":
    sys.exit(main())
