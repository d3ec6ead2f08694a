"""How large the pool is, and so how many compressed files it wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

#: Asks for the pool's performance level, such as ``DW1000c``. sys.database_service_objectives would need a session in
#: master. Source: T-SQL reference, DATABASEPROPERTYEX 2026-03, ServiceObjective (Azure Synapse Analytics).
SERVICE_OBJECTIVE: Final = "SELECT DATABASEPROPERTYEX(DB_NAME(), 'ServiceObjective')"

#: Compressed files that the documents advise for each compute node. Source: COPY reference 2026-05, file splitting
#: guidance: 60 for DW100c to DW500c, 120 for DW1000c, up to 3,600 for DW30000c.
COMPRESSED_FILES_PER_NODE: Final = 60

#: Source: azure-docs, memory and concurrency limits 2021-04, service levels.
_COMPUTE_NODES: Final[Mapping[str, int]] = {
    "DW100C": 1, "DW200C": 1, "DW300C": 1, "DW400C": 1, "DW500C": 1, "DW1000C": 2, "DW1500C": 3, "DW2000C": 4,
    "DW2500C": 5, "DW3000C": 6, "DW5000C": 10, "DW6000C": 12, "DW7500C": 15, "DW10000C": 20, "DW15000C": 30,
    "DW30000C": 60,
}  # fmt: skip
MOST_COMPUTE_NODES: Final = max(_COMPUTE_NODES.values())


def compute_nodes(rows: Sequence[Sequence[Any]]) -> int | None:
    """Read the answer to :data:`SERVICE_OBJECTIVE`; None where it is none of the documented levels."""
    return _COMPUTE_NODES.get(str(rows[0][0]).upper()) if rows else None
