"""Servers that tests share: each starts once a session, on a free port of 127.0.0.1, when a test asks for it."""

import pytest

from airflow_synapse.local.azurite import Azurite
from airflow_synapse.local.home import default_home


@pytest.fixture(scope="session")
def azurite(tmp_path_factory):
    """Real Azurite with two empty accounts, ``lake`` and ``archive``.

    ``azurite.endpoint("lake")`` is the account's URL, ``azurite.key("lake")`` its key as a Secret.
    """
    with Azurite(default_home(), tmp_path_factory.mktemp("azurite"), accounts=("lake", "archive")) as server:
        yield server
