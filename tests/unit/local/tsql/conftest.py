"""A pool in memory and sessions on it: statements are run as a client would send them."""

import pytest

from airflow_synapse.local.pool import Pool, PoolConfiguration
from airflow_synapse.local.protocol import LoginRequest, Rows
from airflow_synapse.secret import Secret


class Client:
    """A session with the answers in a form that tests can compare."""

    def __init__(self, session):
        self.session = session

    def run(self, text, *parameters):
        """Run a batch and return its outcomes; a result set as a list of tuples."""
        return [self._read(outcome) for outcome in self.session.execute(text, parameters)]

    def rows(self, text, *parameters):
        """Run a batch and return the rows of its last result set."""
        return [outcome for outcome in self.run(text, *parameters) if isinstance(outcome, list)][-1]

    def value(self, expression, *parameters):
        """Return the value of an expression."""
        return self.rows(f"SELECT {expression}", *parameters)[0][0]

    def types(self, query):
        """Return the types of the columns of a query, as T-SQL text."""
        described = None
        for outcome in self.session.execute(query):
            if isinstance(outcome, Rows):
                described = [str(column.type) for column in outcome.columns]
                list(outcome.batches)
        return described

    @staticmethod
    def _read(outcome):
        if not isinstance(outcome, Rows):
            return outcome
        batches = [batch.columns for batch in outcome.batches]
        return [row for columns in batches for row in zip(*(column.to_pylist() for column in columns), strict=True)]


@pytest.fixture
def pool():
    configured = Pool(PoolConfiguration("sqlpool", logins={"loader": Secret("pass;word}")}))
    yield configured
    configured.close()


@pytest.fixture
def new_client(pool):
    """Open another session of the pool."""

    def login():
        request = LoginRequest("loader", "pass;word}", None, "sqlpool", "pytest", "localhost", "")
        return Client(pool.login(request))

    return login


@pytest.fixture
def client(new_client):
    """A session of a pool of its own."""
    return new_client()


@pytest.fixture(scope="module")
def shared_client():
    """A session for expressions, which leave nothing behind."""
    pool = Pool(PoolConfiguration("sqlpool", logins={"loader": Secret("word")}))
    yield Client(pool.login(LoginRequest("loader", "word", None, "sqlpool", "pytest", "localhost", "")))
    pool.close()
