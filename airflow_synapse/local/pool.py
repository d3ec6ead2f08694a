"""The local SQL pool: one database, its logins, its sessions."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import duckdb

from airflow_synapse.local.availability import Availability
from airflow_synapse.local.catalog.catalog import Catalog
from airflow_synapse.local.catalog.locks import TableLocks
from airflow_synapse.local.catalog.principals import (
    DATABASE,
    DBO_ID,
    Permission,
    Principal,
    RoleMember,
    Securable,
    is_permitted,
    roles_of,
)
from airflow_synapse.local.catalog.requests import RequestLog, SessionRecord
from airflow_synapse.local.client_link import ClientLink
from airflow_synapse.local.concurrency import CONCURRENT_QUERIES, ConcurrencySlots
from airflow_synapse.local.copy.environment import StorageConfiguration
from airflow_synapse.local.database import Database
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.faults import Faults, StatementFaults
from airflow_synapse.local.protocol import LoginRequest
from airflow_synapse.local.session import PoolSession
from airflow_synapse.local.tsql import macros
from airflow_synapse.local.tsql.session_state import SessionState
from airflow_synapse.secret import Secret

_SETTINGS: Final = {
    "default_collation": "nocase",  # SQL_Latin1_General_CP1_CI_AS ignores case
    "default_null_order": "nulls_first",
    "TimeZone": "UTC",
    "autoinstall_known_extensions": "false",  # nothing is fetched from the network
    "autoload_known_extensions": "false",
}
_FIRST_SPID: Final = 51
#: Seconds that a pause waits for the sessions to end.
_PAUSE_SECONDS: Final = 30.0
_PAUSE_INTERVAL: Final = 0.01


@dataclass(frozen=True, slots=True)
class PoolConfiguration:
    """What a pool is made of.

    :param database: Name of the database, which clients must give when they log in.
    :param path: DuckDB file that keeps the data; None to keep them in memory.
    :param logins: Password by user name of the administrators, who own the database; case does not matter in the name.
    :param restricted_logins: The same of logins that CREATE USER FOR LOGIN lets in, with the permissions of that user.
    :param access_tokens: Tells whether a token is accepted, and for which login name; by default none is. A set of
        tokens accepts exactly these.
    :param storage: The storage accounts that COPY can reach.
    :param memory_limit: Most memory that DuckDB takes, such as ``2GB``; None for its own default.
    :param service_objective: Its performance level, which says how many queries run at once.
    """

    database: str
    path: Path | None = None
    logins: Mapping[str, Secret] = field(default_factory=dict)
    restricted_logins: Mapping[str, Secret] = field(default_factory=dict)
    access_tokens: frozenset[str] = field(default=frozenset(), repr=False)
    storage: StorageConfiguration = field(default_factory=StorageConfiguration)
    memory_limit: str | None = None
    service_objective: str = "DW100c"


class Pool:
    """A dedicated SQL pool on this machine.

    :param configuration: What it is made of.
    """

    def __init__(self, configuration: PoolConfiguration) -> None:
        self._configuration = configuration
        self._restricted = frozenset(user.lower() for user in configuration.restricted_logins)
        passwords = {**configuration.logins, **configuration.restricted_logins}
        self._logins = {user.lower(): password for user, password in passwords.items()}
        self._connection = duckdb.connect(":memory:" if configuration.path is None else str(configuration.path))
        for name, value in _SETTINGS.items():
            self._connection.execute(f"SET GLOBAL {name} = '{value}'")
        if configuration.memory_limit is not None:
            self._connection.execute("SET GLOBAL memory_limit = ?", [configuration.memory_limit])
        macros.install(self._connection)
        self._database = Database(
            configuration.database,
            Catalog(self._connection),
            TableLocks(),
            RequestLog(),
            configuration.storage,
            ConcurrencySlots(CONCURRENT_QUERIES[configuration.service_objective]),
            configuration.service_objective,
            self._restricted,
        )
        self.faults = Faults()
        self.availability = Availability()
        self._lock = threading.Lock()
        self._numbers = itertools.count(_FIRST_SPID)
        self._sessions: dict[str, PoolSession] = {}

    def login(self, request: LoginRequest) -> PoolSession:
        """Open a session.

        :raises PoolError: 18456, the password or the token is wrong; 4060, there is no such database; 916, the login
            has no user in it; 42108, the pool is paused; 42109, it warms up.
        """
        self.availability.check_login()
        user = self._authenticated(request)
        if request.database.lower() != self._configuration.database.lower():
            # Source: SupportArticles dsql-conn-dropped-connections: without a database name a login lands in master.
            name = request.database or "master"
            message = f'Cannot open database "{name}" requested by the login. The login failed.'
            raise PoolError(4060, message, severity=11)
        principal_id = self._principal_id(user)
        spid = next(self._numbers)
        record = SessionRecord(f"SID{spid}", spid, user, request.application, request.host)
        link, cancelled = ClientLink(), threading.Event()
        no_statement = StatementFaults(self.faults, link, cancelled, "")
        state = SessionState(self._database, self._connection.cursor(), record, no_statement, cancelled, principal_id)
        session = PoolSession(
            state,
            link=link,
            faults=self.faults,
            kill=self._killer(record.session_id),
            on_close=self._forgetter(record.session_id),
        )
        with self._lock:
            self._sessions[record.session_id] = session
        self._database.requests.open_session(record)
        return session

    def _principal_id(self, login: str) -> int:
        """Return the number of the database user of a login.

        Source of the number: SupportArticles dsql-conn-dropped-connections, Login failed.
        """
        if login.lower() not in self._restricted:
            return DBO_ID
        for found in self._database.catalog.named(Principal):
            permissions = self._database.catalog.named(Permission)
            members = roles_of(found.object_id, self._database.catalog.named(RoleMember))
            is_user = (found.login or "").lower() == login.lower()
            if is_user and is_permitted(members, "CONNECT", Securable(DATABASE), permissions):
                return found.object_id
        name = self._configuration.database
        message = f"The server principal '{login}' is not able to access the database '{name}'"
        raise PoolError(916, f"{message} under the current security context.", severity=14)

    def _authenticated(self, request: LoginRequest) -> str:
        if request.access_token is not None:
            if request.access_token in self._configuration.access_tokens:
                return request.user or "token"
        elif request.password is not None:
            password = self._logins.get(request.user.lower())
            if password is not None and password.reveal() == request.password:
                return request.user
        name = request.user or "<token-identified principal>"
        raise PoolError(18456, f"Login failed for user '{name}'.", severity=14)

    def _killer(self, own: str) -> Callable[[str], None]:
        def kill(session_id: str) -> None:
            """Source: T-SQL reference, KILL: not one's own session; 6104 and 6106 are its numbers there."""
            if session_id.upper() == own:
                raise PoolError(6104, "Cannot use KILL to kill your own process.")
            with self._lock:
                session = self._sessions.get(session_id.upper())
            if session is None:
                raise PoolError(6106, f"Process ID '{session_id[:32]}' is not an active process ID.")
            session.kill()

        return kill

    def _forgetter(self, session_id: str) -> Callable[[], None]:
        def forget() -> None:
            with self._lock:
                self._sessions.pop(session_id, None)

        return forget

    def pause(self) -> None:
        """Pause: end every session, empty the DMVs, refuse logins until :meth:`resume`.

        Source: azure-docs sql-data-warehouse-manage-compute-overview: what runs or waits is cancelled and rolled back,
        DMVs are reset.

        Assumption: A pause breaks the connections of the clients.
        """
        self.availability.pause()
        until = time.monotonic() + _PAUSE_SECONDS
        for session in self._open_sessions():
            session.kill()
        while time.monotonic() < until and any(session.has_client for session in self._open_sessions()):
            time.sleep(_PAUSE_INTERVAL)
        self._database.requests.forget()

    def resume(self, *, warm_up_seconds: float = 0.0, warm_up_logins: int = 0) -> None:
        """Resume a paused pool; it warms up for that long, or for so many logins."""
        self.availability.warm_up(seconds=warm_up_seconds, logins=warm_up_logins)
        self.availability.resume()

    def forget_requests(self) -> None:
        """Empty the DMVs, as if 10,000 newer rows had pushed theirs out."""
        self._database.requests.forget()

    def _open_sessions(self) -> list[PoolSession]:
        with self._lock:
            return list(self._sessions.values())

    def close(self) -> None:
        """End every session and close the database. No statement may be running."""
        for session in self._open_sessions():
            session.close()
        self._connection.close()
