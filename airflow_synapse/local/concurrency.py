"""Concurrency slots: so many queries on user tables run at once, the others wait as Suspended."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from airflow_synapse.local.catalog.requests import Request, RequestLog
from airflow_synapse.local.errors import StatementCancelled

#: Most queries that run at once in the default workload group, by service objective. Source: azure-docs
#: sql-data-warehouse/memory-concurrency-limits (04/2021).
CONCURRENT_QUERIES: Final = {
    "DW100c": 4, "DW200c": 8, "DW300c": 12, "DW400c": 16, "DW500c": 20, "DW1000c": 32, "DW1500c": 32, "DW2000c": 48,
    "DW2500c": 48, "DW3000c": 64, "DW5000c": 64, "DW6000c": 128, "DW7500c": 128, "DW10000c": 128, "DW15000c": 128,
    "DW30000c": 128,
}  # fmt: skip


class ConcurrencySlots:
    """The slots of a pool, given in the order of the requests.

    :param count: How many there are.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._changed = threading.Condition()
        self._queue: deque[Request] = deque()

    @contextmanager
    def slot(self, request: Request, log: RequestLog, cancelled: threading.Event) -> Iterator[None]:
        """Hold a slot; until there is one, the request is Suspended.

        Source: azure-docs sql-data-warehouse-manage-monitor: a queued request is Suspended.

        :param cancelled: Ends the wait; whoever sets it calls :meth:`wake` afterwards.
        :raises StatementCancelled: ``cancelled`` was set.
        """
        with self._changed:
            self._queue.append(request)
            try:
                while not self._free or self._queue[0] is not request:
                    log.suspend(request)
                    if cancelled.is_set():
                        raise StatementCancelled
                    self._changed.wait()
                self._free -= 1
            finally:
                self._queue.remove(request)
                self._changed.notify_all()
        try:
            log.start(request)
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def wake(self) -> None:
        """Let waiting requests look whether they were cancelled."""
        with self._changed:
            self._changed.notify_all()
