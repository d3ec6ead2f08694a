"""A pool, its clients and what goes wrong between them, in one process and in an order that a seed decides.

It explores interleavings that no real server can be made to show on demand: each call of a client stops before it
reaches the pool and again before its answer arrives, and in between anything may happen. It knows no T-SQL: it
recognizes the statements that a load sends. What it takes for granted is what the package states as its assumptions.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass, field

from greenlet import getcurrent, greenlet

from airflow_synapse.exceptions import ConnectionLostError, PoolPausedError, StatementError
from airflow_synapse.load import request as views

TARGET = "[dbo].[t]"
LEDGER = "[dbo].[ledger]"


class WorkerDied(BaseException):
    """SIGKILL: the worker runs nothing any more."""


@dataclass
class Request:
    request_id: str
    session: PoolEnd
    label: str | None
    correlation_id: str | None
    status: str = "Running"
    rows: int | None = None


@dataclass(eq=False)
class PoolEnd:
    """What the pool knows of a session."""

    session_id: str
    login_time: str
    is_open: bool = True
    is_orphan: bool = False
    is_killed: bool = False
    correlation_id: str | None = None
    undo: list | None = None  # of the open transaction: how to take its changes back
    locks: dict = field(default_factory=dict)
    running: Request | None = None


class Pool:
    def __init__(self, chance: random.Random, source, old_rows, *, is_blind=False, hides_sessions=False):
        self.chance = chance
        self.failures = 0.2  # of the COPYs
        self.is_blind = is_blind  # the login may not read the views
        self.hides_sessions = hides_sessions  # it may not read that of sessions
        self.source = Counter(source)
        self.tables = {TARGET: Counter(old_rows)}
        self.ledger = None
        self.ledgers = 0  # that were made
        self.requests = []
        self.sessions = []
        self.commits = Counter()  # how often each clear number brought its rows into the target by COPY or INSERT
        self.logins = 0
        self._restart()

    def _restart(self):
        self.next_request = self.next_session = 1

    # What happens to the pool

    def pause_and_resume(self):
        """Everything that runs ends one way or the other, the views are emptied, and numbers begin again."""
        for session in self.sessions:
            if session.running:
                self.end_copy(session, completed=self.chance.random() < 0.5)
            self.close(session)
        self.sessions, self.requests = [], []
        self._restart()

    def forget(self):
        """Other people's requests push the oldest ones that have ended out of the views."""
        ended = [each for each in self.requests if each.status not in {"Running", "Suspended"}]
        dropped = ended[: self.chance.randrange(len(ended) + 1)]
        self.requests = [each for each in self.requests if each not in dropped]

    def proceed(self):
        """Let one thing go on that needs no client: a COPY ends, or a session that has lost its client closes."""
        choices = [
            each for each in self.sessions if each.is_open and (each.running or each.is_orphan or each.is_killed)
        ]
        if not choices:
            return False
        session = self.chance.choice(choices)
        if session.running:
            self.end_copy(session, completed=not session.is_killed and self.chance.random() >= self.failures)
        else:
            self.close(session)
        return True

    def end_copy(self, session, *, completed):
        request, session.running = session.running, None
        request.status = "Completed" if completed else "Cancelled" if session.is_killed else "Failed"
        if completed:
            table = request.table
            if table in self.tables:
                self._add(table, self.source, session)
                request.rows = self.source.total()
            else:
                request.status = "Failed"
        self.release(session, None)

    def close(self, session):
        self.rollback(session)
        session.is_open = False

    def rollback(self, session):
        for undo in reversed(session.undo or []):
            undo()
        session.undo = None
        session.locks.clear()

    def release(self, session, _):
        if session.undo is None:
            session.locks.clear()

    # Statements

    def login(self):
        self.logins += 1
        session = PoolEnd(f"SID{self.next_session}", f"login {self.logins}")
        self.next_session += 1
        self.sessions.append(session)
        return session

    def submit(self, session, label=None):
        request = Request(f"QID{self.next_request}", session, label, session.correlation_id)
        self.next_request += 1
        self.requests.append(request)
        return request

    def is_blocked(self, session, table, mode):
        """Insertions go together; anything else that changes a table wants it alone."""
        for other in self.sessions:
            held = other.locks.get(table)
            if other is not session and other.is_open and held and not (held == mode == "insert"):
                return True
        return False

    def needs(self, sql):
        """The table that a statement changes, and how; None for a statement that changes none."""
        for pattern, mode in (
            (r"COPY INTO (\S+)", "insert"),
            (r"INSERT INTO (\S+)", "insert"),
            (r"(?:DELETE FROM|UPDATE|TRUNCATE TABLE|IF .* DROP TABLE) (\[\S+)", "alone"),
            (r"ALTER TABLE \S+ SWITCH TO (\S+)", "alone"),
        ):
            if match := re.match(pattern, sql):
                return (match[1], None if mode == "insert" and match[1] == LEDGER else mode)
        return None

    def start_copy(self, session, sql):
        table = re.match(r"COPY INTO (\S+)", sql)[1]
        request = self.submit(session, re.search(r"OPTION \(LABEL = '(.*)'\)", sql)[1])
        if table not in self.tables:
            request.status = "Failed"
            raise StatementError("Cannot find the object. (4902)", number=4902)
        request.table = table
        session.running = request
        return request

    def run(self, session, sql):
        label = re.search(r"OPTION \(LABEL = '(.*)'\)", sql)
        request = self.submit(session, label and label[1])
        try:
            answer = self._run(session, sql)
        except StatementError:
            request.status = "Failed"
            raise
        request.status = "Completed"
        return answer

    def _run(self, session, sql):  # noqa: C901 - one branch a statement
        if match := re.match(r"EXEC sys.sp_set_session_context .*@value = '(.*)'", sql):
            session.correlation_id = match[1]
        elif sql in {views.BEGIN_MARKER, views.PUBLISHED_MARKER}:
            return [(session.session_id,)]
        elif self.hides_sessions and "sys.dm_pdw_exec_sessions" in sql:
            raise StatementError("VIEW SERVER STATE permission was denied (300)", number=300)
        elif sql == views.OWN_LOGIN_TIME:
            return [(session.login_time,)]
        elif sql.startswith("SELECT session_id, status"):
            wanted = re.findall(r"'(SID\d+)'", sql)
            return [
                (each.session_id, "ACTIVE" if each.is_open else "CLOSED", each.login_time)
                for each in self.sessions
                if each.session_id in wanted
            ]
        elif match := re.match(r"KILL '(.*)'", sql):
            found = [each for each in self.sessions if each.session_id == match[1] and each.is_open]
            if not found:
                raise StatementError("no such session (6106)", number=6106)
            found[0].is_killed = found[0].is_orphan = True
        elif sql == "BEGIN TRANSACTION":
            session.undo = []
        elif sql == "COMMIT TRANSACTION":
            session.undo = None
        elif sql.startswith("IF @@TRANCOUNT > 0 ROLLBACK"):
            self.rollback(session)
        elif "create_date" in sql:
            return [(f"ledger {self.ledgers}",)]
        elif "sys.tables" in sql:
            prefix = re.search(r"= '(.*)'", sql)[1]
            return [("dbo", name[7:-1]) for name in self.tables if name.startswith(f"[dbo].[{prefix}")]
        elif sql.startswith("SELECT COUNT_BIG"):
            return [(0,)]
        elif "c.default_object_id" in sql:
            return [(name, "int", 4, 10, 0, True, False, 0) for name in "kv"]
        elif "distribution_policy_desc" in sql:
            return [("ROUND_ROBIN", None)]
        elif "i.type_desc" in sql:
            return [("HEAP", None, None)]
        elif "partition_range_values" in sql:
            return []
        elif LEDGER in sql:
            return self._ledger(session, sql)
        else:
            self._change(session, sql)
        return None

    def _change(self, session, sql):
        if match := re.match(r"CREATE TABLE (\S+)\nWITH", sql):
            self._no_ddl(session)
            if match[1] in self.tables:
                raise StatementError("There is already an object (2714)", number=2714)
            self.tables[match[1]] = Counter()
        elif match := re.match(r"IF OBJECT_ID\(.*\) IS NOT NULL DROP TABLE (\S+)", sql):
            self._no_ddl(session)
            self.tables.pop(match[1], None)
        elif sql == f"UPDATE STATISTICS {TARGET}":
            pass
        elif sql == f"TRUNCATE TABLE {TARGET}":
            self.tables[TARGET] = Counter()
        elif match := re.match(r"ALTER TABLE (\S+) SWITCH TO (\S+) WITH \(TRUNCATE_TARGET = ON\)", sql):
            self._no_ddl(session)
            self._must_exist(match[1])
            self.tables[match[2]], self.tables[match[1]] = self.tables[match[1]], Counter()
        elif match := re.match(r"INSERT INTO (\S+) \(.*\)\nSELECT .* FROM (\S+)\n", sql):
            self._must_exist(match[2])
            self._add(match[1], Counter(self.tables[match[2]]), session)
        elif match := re.match(r"DELETE FROM (\S+)\nWHERE (.*)\nOPTION", sql):
            keys = {key for key, _ in self.source}
            deleted = Counter({row: n for row, n in self.tables[TARGET].items() if row[0] in keys})
            self.tables[TARGET] -= deleted
            session.undo.append(lambda: self.tables[TARGET].update(deleted))
        else:
            raise AssertionError(f"unknown statement {sql}")

    def _add(self, table, rows, session):
        self.tables[table].update(rows)
        clear = session.correlation_id.split()[4]
        if table == TARGET:
            self.commits[clear] += 1

        def undo():
            self.tables[table].subtract(rows)
            self.tables[table] += Counter()
            if table == TARGET:
                self.commits[clear] -= 1

        if session.undo is not None:
            session.undo.append(undo)

    def _ledger(self, session, sql):  # noqa: C901 - one branch a statement
        if sql.startswith("SELECT OBJECT_ID"):
            return [(None if self.ledger is None else 7,)]
        if sql.startswith("CREATE TABLE"):
            if self.ledger is not None:
                raise StatementError("There is already an object (2714)", number=2714)
            self.ledger = []
            self.ledgers += 1
            return None
        if match := re.match(r"INSERT .*\nSELECT '(\w+)', '(.*?)', .*, (\d+)\n", sql):
            load, name, clear = match[1], match[2], int(match[3])
            if not any(row["load"] == load and row["clear"] == clear for row in self.ledger):
                self.ledger.append(
                    {"load": load, "clear": clear, "attempt": name, "request": None, "rows": None, "at": 0}
                )
            return None
        if sql.startswith("SELECT COUNT(*)"):
            return [(len(self.ledger),)]
        if sql.startswith("SELECT attempt"):
            return [(row["attempt"], row["request"], row["rows"]) for row in self.ledger if row["at"]]
        clear = re.search(r"clear_number = (\d+)", sql)
        name = re.search(r"SET attempt = '(.*?)'", sql)
        for row in self.ledger:
            if clear and row["clear"] != int(clear[1]):
                continue
            before = dict(row)
            if "loaded_at = GETUTCDATE()" in sql:
                if row["attempt"] in sql and not row["at"]:
                    rows = re.search(r"rows_loaded = (\w+)", sql)[1]
                    row.update(at=1, rows=None if rows == "NULL" else int(rows))
            elif "loaded_at = NULL" in sql:
                row.update(attempt=name[1], at=0)
            elif not row["at"]:
                row["attempt"] = name[1]
            if session.undo is not None:
                session.undo.append(lambda row=row, before=before: row.update(before))
        return None

    def listed(self, prefix):
        if self.is_blind:
            raise StatementError("VIEW DATABASE STATE permission was denied (300)", number=300)
        return [
            (each.request_id, each.session.session_id, each.status, each.label, each.correlation_id)
            for each in self.requests
            if each.label and each.correlation_id and each.correlation_id.startswith(prefix.rstrip("%"))
        ]

    def _must_exist(self, table):
        if table not in self.tables:
            raise StatementError("Invalid object name (208)", number=208)

    def _no_ddl(self, session):
        assert session.undo is None, "DDL in a transaction"


class Client:
    """A session as a load sees it. ``stop`` hands control to the schedule, which may answer with an error."""

    def __init__(self, pool, stop):
        self.pool, self.stop = pool, stop
        self.end = None
        self.session_id = ""

    def __enter__(self):
        self.stop("connect")
        self.end = self.pool.login()
        return self

    def __exit__(self, kind, error, traceback):
        if kind is WorkerDied:
            self.end.is_orphan = True
        elif self.end.is_open and not self.end.running:
            self.pool.close(self.end)

    def execute(self, statement):
        return self._call(statement.to_sql())

    def fetch(self, sql, *parameters):
        return self._call(sql, *parameters)

    def pause(self, seconds):
        self.stop("pause")

    def _call(self, sql, *parameters):
        end, pool = self.end, self.pool
        self._stop("before")
        while (needed := pool.needs(sql)) and pool.is_blocked(end, needed[0], needed[1] or "insert"):
            self._stop("blocked")
        if needed and needed[1] and (end.undo is not None or sql.startswith("COPY")):
            end.locks[needed[0]] = needed[1] if end.locks.get(needed[0]) != "alone" else "alone"
        if sql.startswith("COPY INTO"):
            request = pool.start_copy(end, sql)
            while end.running is request:
                self._stop("running")
            answer = self._copied(request)
        elif sql == views.REQUESTS_OF_LOAD:
            answer = pool.listed(*parameters)
        elif sql == views.REQUEST_OF_COPY:
            mine = [each for each in pool.requests if each.session is end and each.label == parameters[0]]
            answer = [(mine[-1].request_id, mine[-1].rows)] if mine else []
        elif sql == views.ROWS_OF_REQUEST:
            answer = [(next((each.rows for each in pool.requests if each.request_id == parameters[0]), None),)]
        else:
            answer = pool.run(end, sql)
            if sql == "COMMIT TRANSACTION" or sql.startswith("IF @@TRANCOUNT"):
                end.locks.clear()
        self._stop("after")
        return answer

    def _copied(self, request):
        if request.status == "Completed":
            return request.rows
        self._check_link()
        raise StatementError("COPY failed (110802)", number=110802)

    def _stop(self, moment):
        try:
            self.stop(moment)
        except (ConnectionLostError, WorkerDied):
            self.end.is_orphan = True
            raise
        self._check_link()

    def _check_link(self):
        if not self.end.is_open or self.end.is_killed:
            self.end.is_orphan = True
            raise ConnectionLostError("Communication link failure (10054)", number=10054)


class Worker:
    """A process that runs ``work(client_factory)`` until it returns, fails or dies."""

    def __init__(self, pool, work):
        self.result = self.error = None
        self.moment = "start"
        self.is_over = False
        self._pool = pool
        self._let = None

        def main():
            try:
                self.result = work(lambda: Client(pool, self._stop), self._stop)
            except WorkerDied as died:
                self.error = died
            except Exception as error:
                self.error = error
            self.is_over = True

        self._greenlet = greenlet(main)

    def _stop(self, moment):
        self.moment = moment
        fault = getcurrent().parent.switch()
        if fault is not None:
            raise fault

    def step(self, fault=None):
        self._greenlet.parent = getcurrent()
        if self.moment == "start":
            self.moment = "begun"
            self._greenlet.switch()
        else:
            self._greenlet.switch(fault)


def lost_link():
    return ConnectionLostError("Communication link failure (10054)", number=10054)


def paused():
    return PoolPausedError("The pool is paused (42108)", number=42108)
