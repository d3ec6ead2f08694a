"""The errors of COPY, each text in one place.

Texts and numbers come from public reports of real pools where there are any (105208 and 105200, 107090, 4860, the text
about the external location). No message quotes a literal of the statement, because it may be a secret.
"""

from __future__ import annotations

from airflow_synapse.local.errors import PoolError

#: Assumption: Errors of COPY whose number no document shows are raised with number 105200.
COPY_FAILED = 105200
PARSE_ERROR = 103010
OPTION_INVALID = 105208
REJECT_THRESHOLD_REACHED = 107090
FILE_NOT_FOUND = 4860


def copy_failed(reason: str) -> PoolError:
    """Return the error of a COPY that cannot be done, for a reason that has no number of its own."""
    return PoolError(COPY_FAILED, f"COPY statement failed because {reason}")


def invalid_option(option: str, reason: str) -> PoolError:
    """Return the error of a value that the documents do not allow; ``reason`` is a sentence that says why.

    Source: the text for FROM is the connector troubleshooting page's, 2025-02.
    Assumption: Invalid values of other options are reported like those of FROM, as 105208 with 105200 inside.
    """
    return PoolError(
        OPTION_INVALID,
        f"COPY statement failed with the following error when validating value of option '{option}': "
        f"'105200;COPY statement failed because the value for option '{option}' is invalid.' {reason}",
    )


def location_unreachable(reason: str) -> PoolError:
    """Return the error of a storage that refused or did not answer.

    Source: public reports of (401) and (403), which show the text without a number.
    """
    return copy_failed(f"of an error. Not able to validate external location because {reason}")


def file_not_found(location: str) -> PoolError:
    """Return the error of a location without a file.

    Source: the text is SQL Server's 4860 and is seen in the Spark connector's COPY.
    Assumption: A location without any file to load fails with 4860.
    """
    return PoolError(
        FILE_NOT_FOUND,
        f'Cannot bulk load. The file "{location}" does not exist or you don\'t have file access rights.',
    )


def invalid_object(name: str) -> PoolError:
    """Return the error of a target table that does not exist."""
    return PoolError(208, f"Invalid object name '{name}'.")


def reject_threshold_reached(*, max_errors: int, rejected: int, processed: int, first_reason: str) -> PoolError:
    """Return the error of more rejected rows than MAXERRORS allows.

    Assumption: Exceeding MAXERRORS is reported as 107090, the reject threshold of external tables, followed by the text
    that COPY is known to give for an invalid column value.
    """
    return PoolError(
        REJECT_THRESHOLD_REACHED,
        f"Query aborted-- the maximum reject threshold ({max_errors} rows) was reached while reading from an external "
        f"source: {rejected} rows rejected out of total {processed} rows processed. {first_reason}",
    )


def wrong_source_type(detail: str) -> PoolError:
    """Return the error of a Parquet or ORC column that has not the type that the target column needs.

    Source: designing ELT, data type mapping: the failure is a ClassCastException of the reader, inside 110802.
    """
    return PoolError(
        110802,
        "An internal DMS error occurred that caused this operation to fail. Details: "
        "HdfsBridge::recordReaderFillBuffer - Unexpected error encountered filling record reader buffer: "
        f"ClassCastException: {detail}",
    )
