"""A task instance as Airflow runs it, without Airflow."""

import asyncio
import itertools
from types import SimpleNamespace

from airflow.sdk.exceptions import TaskDeferred

_runs = itertools.count(1)


class Task:
    """A task instance: its tries, and what Airflow keeps for them.

    :param operator: Class of its operator.
    :param arguments: Arguments of the operator.
    """

    def __init__(self, operator, **arguments):
        self.operator = operator
        self.arguments = arguments
        self.kept = {}
        self.run_id = f"rejected_rows__{next(_runs)}"
        self.try_number, self.clear_number = 0, 0

    def run(self, **changes):
        """Run the next try, in this process or deferred."""
        self.try_number += 1
        task_instance = SimpleNamespace(
            dag_id="rejected_rows", task_id="task", run_id=self.run_id, map_index=-1, try_number=self.try_number
        )
        store = SimpleNamespace(get=self.kept.get, set=lambda key, value, retention: self.kept.update({key: value}))
        dag_run = SimpleNamespace(clear_number=self.clear_number)
        context = {"ti": task_instance, "dag_run": dag_run, "task_state_store": store}
        operator = self.operator(task_id="task", **{**self.arguments, **changes})
        try:
            return operator.execute(context)
        except TaskDeferred as deferral:
            event = asyncio.run(event_of(deferral.trigger))
            return operator.execute_complete(context, event)

    def clear(self):
        self.clear_number += 1


async def event_of(trigger):
    (event,) = [event async for event in trigger.run()]
    return event.payload
