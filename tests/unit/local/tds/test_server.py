"""Where the server listens."""

import asyncio

import pytest

from airflow_synapse.local.tds.server import serve


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_only_the_loopback_interface_is_served(host):
    with pytest.raises(ValueError, match="loopback"):
        asyncio.run(serve(lambda request: None, host=host))


def test_encryption_cannot_be_required_without_a_certificate():
    with pytest.raises(ValueError, match="certificate"):
        asyncio.run(serve(lambda request: None, require_encryption=True))
