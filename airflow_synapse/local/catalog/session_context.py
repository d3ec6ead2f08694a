"""sp_set_session_context.

Source: T-SQL reference, sp_set_session_context; for its keys client_correlation_id and wlm_context,
sys.dm_pdw_exec_requests and CREATE WORKLOAD CLASSIFIER.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from airflow_synapse.local.catalog.requests import SessionRecord, SessionValue
from airflow_synapse.local.errors import PoolError

PARAMETERS: Final = ("key", "value", "read_only")
_LONGEST_KEY: Final = 64  # 128 bytes of Unicode


def set_session_context(session: SessionRecord, arguments: Mapping[str, object]) -> None:
    """Set a key of the session's context; NULL removes it.

    Source of the numbers: sql-docs, Database engine errors 15000 to 15999.

    :raises PoolError: 15664, the key was set read-only; 15666, its name is too long; 201, it is missing.
    """
    key = arguments.get("key")
    if key is None or "value" not in arguments:
        missing = "key" if key is None else "value"
        message = f"Procedure 'sp_set_session_context' expects parameter '@{missing}', which was not supplied."
        raise PoolError(201, message)
    name = str(key).lower()
    if len(name) > _LONGEST_KEY:
        raise PoolError(15666, "Cannot set the key in the session context: it is longer than 128 bytes.")
    known = session.context.get(name)
    if known is not None and known.read_only:
        message = f"Cannot set key '{name}' in the session context. The key has been set as read_only for this session."
        raise PoolError(15664, message)
    value = arguments["value"]
    if value is None:
        session.context.pop(name, None)
    else:
        session.context[name] = SessionValue(value, bool(arguments.get("read_only")))
