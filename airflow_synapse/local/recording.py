"""Record what a session runs, for the DMVs, and let faults act on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pyarrow as pa

from airflow_synapse.local.catalog.requests import Request
from airflow_synapse.local.client_link import ClientLink
from airflow_synapse.local.copy.redaction import redact
from airflow_synapse.local.errors import PoolError, StatementCancelled
from airflow_synapse.local.faults import BEFORE, COMMITTED, Faults, StatementFaults
from airflow_synapse.local.protocol import Done, Outcome, Rows
from airflow_synapse.local.tsql.engine_errors import translated
from airflow_synapse.local.tsql.session_state import SessionState


class RequestRecorder:
    """Records the requests of one session.

    :param check_alive: Raises a PoolError when the session was killed.
    :ivar busy: Whether a statement runs.
    """

    def __init__(self, state: SessionState, link: ClientLink, faults: Faults, check_alive: Callable[[], None]) -> None:
        self._state = state
        self._link = link
        self._faults = faults
        self._check_alive = check_alive
        self.busy = False

    def watched(self, outcomes: Iterator[Outcome], request: Request) -> Iterator[Outcome]:
        """Pass the outcomes of a statement on and record them; it is Completed before the last one is passed on."""
        for outcome in outcomes:
            if isinstance(outcome, Rows):
                request.row_count = 0
                yield replace(outcome, batches=self._watch(outcome.batches, request))
            else:
                counted = self._counted(outcome, request)
                if isinstance(outcome, Done):  # it has ended whether or not the client takes the answer
                    self._end(request, "Completed")
                    self._state.faults.reach(COMMITTED)
                yield counted

    def _counted(self, outcome: Outcome, request: Request) -> Outcome:
        """Record the number of rows; SET NOCOUNT ON keeps it from the client."""
        if not isinstance(outcome, Done) or outcome.count is None:
            return outcome
        request.row_count = self._state.row_count = outcome.count
        return Done() if self._state.options.get("NOCOUNT") == "ON" else outcome

    def _watch(self, batches: Iterator[pa.RecordBatch], request: Request) -> Iterator[pa.RecordBatch]:
        """Count the rows, and record an error that comes while they are read."""
        with self._recording(request):
            for batch in batches:
                if self._state.cancelled.is_set():
                    raise StatementCancelled
                request.row_count += batch.num_rows
                self._state.row_count = request.row_count
                yield batch

    def _begin(self, text: str, label: str | None) -> Request:
        self._state.take_parameters()  # of a statement that failed before it ran
        return self._state.database.requests.begin(self._state.record, redact(text), label)

    def refused(self, text: str, error: PoolError) -> None:
        """Record a batch that cannot be read."""
        self._end(self._begin(text, None), "Failed", error)

    def _end(self, request: Request, status: str, error: PoolError | None = None) -> None:
        if request.ended is None:
            details = None if error is None else redact(error.message)
            self._state.database.requests.end(self._state.record, request, status, details)

    @contextmanager
    def recorded(self, text: str, label: str | None) -> Iterator[Request]:
        """Run a statement as a request of the session."""
        with self.faulty(text, label):
            request = self._begin(text, label)
            with self._recording(request):
                yield request
            self._end(request, "Completed")

    @contextmanager
    def faulty(self, text: str, label: str | None) -> Iterator[None]:
        """Let faults act before and after a statement."""
        self._link.outlives_client = False
        self._state.faults = StatementFaults(self._faults, self._link, self._state.cancelled, redact(text), label)
        self.busy = True
        try:
            self._state.faults.reach(BEFORE)
            yield
            self._state.faults.reach(COMMITTED)
        except StatementCancelled:
            self._state.doom()
            raise
        finally:
            self.busy = False

    @contextmanager
    def _recording(self, request: Request) -> Iterator[None]:
        """Record how the request ends if it ends badly, and doom the transaction that it ran in.

        Source: azure-docs sql-data-warehouse-develop-transactions: after an error only ROLLBACK is accepted.
        """
        try:
            with translated():
                yield
        except (PoolError, StatementCancelled) as error:
            self._state.doom()
            # Whatever DuckDB says of an interrupted statement, it was cancelled.
            if isinstance(error, StatementCancelled) or self._state.cancelled.is_set():
                self._end(request, "Cancelled")
                self._check_alive()
                raise StatementCancelled from None
            self._end(request, "Failed", error)
            raise
        except GeneratorExit:
            self._end(request, "Cancelled")
            raise
        except Exception:
            self._end(
                request, "Failed", PoolError(103010, "The local pool failed on this statement: a defect of its own.")
            )
            self._state.doom()
            raise
