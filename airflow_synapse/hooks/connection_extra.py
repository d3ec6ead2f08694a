"""The extra of an Airflow connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_synapse.exceptions import CredentialError

if TYPE_CHECKING:
    from airflow.sdk import Connection


def read_extra(connection: Connection) -> Mapping[str, Any]:
    """Return the extra, which Airflow lets be any JSON.

    :raises CredentialError: It is no object. Nothing of it is shown: it may hold a secret.
    """
    extra: object = connection.extra_dejson
    if not isinstance(extra, Mapping):
        raise CredentialError(
            f"Connection {connection.conn_id!r}: the extra is JSON of a {type(extra).__name__}, where an object "
            'belongs, such as {"name": "value"}.'
        )
    return extra
