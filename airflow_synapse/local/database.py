"""What all sessions of a pool share."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_synapse.local.catalog.catalog import Catalog
from airflow_synapse.local.catalog.locks import TableLocks
from airflow_synapse.local.catalog.requests import RequestLog
from airflow_synapse.local.concurrency import ConcurrencySlots
from airflow_synapse.local.copy.environment import StorageConfiguration


@dataclass(frozen=True, slots=True)
class Database:
    """What all sessions of a pool share.

    :param logins: Names, in lower case, of the logins that a user can be created for.
    """

    name: str
    catalog: Catalog
    locks: TableLocks
    requests: RequestLog
    storage: StorageConfiguration
    slots: ConcurrencySlots
    service_objective: str
    logins: frozenset[str] = frozenset()
