"""Run a load so that its rows are in the table exactly once. The only place that decides to submit.

An attempt, each in a session of its own:

1. announces itself to the pool, and makes sure that no other attempt of the load runs any more (:mod:`.settle`);
2. learns from the record, the pool's views and the ledger what became of the others, and decides (:mod:`.decision`);
3. writes into the record that it is about to submit; then submits (:mod:`.plan`);
4. writes into the record what came of it.

A link that breaks ends the attempt, and another one begins. A worker that dies leaves that to the next try.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any, Final, Protocol

from airflow_synapse.copy.statement import CopyStatement
from airflow_synapse.exceptions import ConnectionLostError, SqlError, StatementError
from airflow_synapse.load.attempt_run import AttemptRun, LoadOutcome
from airflow_synapse.load.disposition import LoadOptions
from airflow_synapse.load.identity import Attempt, LoadIdentity
from airflow_synapse.load.record import StateStore
