"""What Synapse accepts as the request for a new batch.

Source: the model SparkBatchJobOptions of azure-synapse-spark 0.7.0; "Concurrency and API rate limits for Apache Spark
pools" of the Synapse REST reference.
"""

from __future__ import annotations

import json
from typing import Any, Final

_MOST_BYTES: Final = 100 * 1000
_TEXTS: Final = ("name", "file", "className", "artifactId", "driverMemory", "executorMemory")
_NUMBERS: Final = ("driverCores", "executorCores", "numExecutors")
_LISTS: Final = ("args", "jars", "pyFiles", "files", "archives")
_MAPPINGS: Final = ("conf", "tags")
_FIELDS: Final = {
    **dict.fromkeys(_TEXTS, str),
    **dict.fromkeys(_NUMBERS, int),
    **dict.fromkeys(_LISTS, list),
    **dict.fromkeys(_MAPPINGS, dict),
}


def batch_request(body: bytes) -> dict[str, Any]:
    """Return a request for a batch.

    Assumption: A file that is not at an ``abfss://`` URL is refused at once; the service, too, sees no disk of ours.

    Assumption: Fields of another type and more than 100 kB are refused with status 400.

    :raises ValueError: It is not acceptable; the message says why.
    """
    if len(body) > _MOST_BYTES:
        raise ValueError(f"The payload has {len(body)} bytes; a Livy request has {_MOST_BYTES} at most.")
    request = json.loads(body)
    if not isinstance(request, dict):
        raise ValueError("The payload is not a JSON object.")  # noqa: TRY004 - the client's value
    given = {name: value for name, value in request.items() if value is not None}
    for name, value in given.items():
        if not isinstance(value, _FIELDS.get(name, object)):
            raise ValueError(f"The field {name} has a value of the wrong type.")  # noqa: TRY004 - see above
    for name in ("name", "file"):
        if not given.get(name):
            raise ValueError(f"The field {name} is required.")
    for name in ("file", "jars", "pyFiles", "files", "archives"):
        value = given.get(name, [])
        if not all(url.startswith("abfss://") for url in ([value] if isinstance(value, str) else value)):
            raise ValueError(
                f"The field {name} needs URLs of the form abfss://<container>@<account>.dfs.core.windows.net/<path>."
            )
    return given
