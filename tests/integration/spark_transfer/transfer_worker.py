"""Run one try of an operator in a process of its own, as a worker does: what it is to do comes in as JSON.

Airflow's store is a file, which outlives the process.
"""

import importlib
import json
import signal
import sys
from pathlib import Path
from types import SimpleNamespace


def main():
    work = json.load(sys.stdin)
    module, _, name = work["operator"].rpartition(".")
    operator = getattr(importlib.import_module(module), name)(**work["arguments"])
    path = Path(work["store"])

    def put(key, value, **_):
        path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))

    # As Airflow's task runner does: the handler returns, and the process is killed five seconds later.
    signal.signal(signal.SIGTERM, lambda *_: operator.on_kill())
    operator.execute({
        "ti": SimpleNamespace(**work["instance"]),
        "dag_run": SimpleNamespace(clear_number=work["clear_number"]),
        "task_state_store": SimpleNamespace(get=lambda key: json.loads(path.read_text()).get(key), set=put),
        "outlet_events": {},
    })  # fmt: skip


if __name__ == "__main__":
    main()
