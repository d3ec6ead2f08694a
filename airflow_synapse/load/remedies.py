"""What the documents tell a user to do about an error, found by its number or by words of its text.

Only errors whose remedy is written somewhere are here; each remedy names where.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from airflow_synapse.load.error_numbers import native_numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What to do about one error.

    :param advice: Sentences for the user.
    :param source: Document that gives the advice.
    :param numbers: Native numbers of the error; empty where no document shows one.
    :param pattern: Regular expression over the error's text, case-insensitive; empty where the number is enough.
    """

    advice: str
    source: str
    numbers: tuple[int, ...] = ()
    pattern: str = ""

    def fits(self, message: str) -> bool:
        """Say whether a driver's message is this error."""
        return not set(self.numbers).isdisjoint(native_numbers(message)) or bool(
            self.pattern and re.search(self.pattern, message, re.IGNORECASE)
        )


REMEDIES: Final = (
    Remedy(
        numbers=(42108, 40892),
        advice="Resume the SQL pool, then run the task again.",
        source="Microsoft SqlClient transient errors; Synapse Studio connectivity",
    ),
    Remedy(
        numbers=(42109,),
        advice="A pool that was just resumed needs a few minutes: run the task again later.",
        source="Microsoft SqlClient transient errors",
    ),
    Remedy(
        numbers=(18456, 916),
        advice="Check the login, its password or token and the database name of the connection, and that the login has "
        "a user in that database: CREATE USER ... FROM EXTERNAL PROVIDER for an Entra identity.",
        source="Synapse, dropped connections and connectivity",
    ),
    Remedy(
        numbers=(4060,),
        advice="Check the database name in the connection's Schema field, and that the login has a user in it.",
        source="Azure SQL, troubleshoot common errors",
    ),
    Remedy(
        numbers=(40615, 40914, 47073),
        advice="The server's network rules refuse this worker: allow its address, its virtual network or public access "
        "on the workspace.",
        source="Synapse, dropped connections and connectivity",
    ),
    Remedy(
        pattern=r"Managed Service Identity (has not been|is not|isn't) enabled on this server",
        advice="Register the workspace's managed identity again: Set-AzSqlServer -AssignIdentity, or turn 'Allow "
        "Pipelines' off and on again on the workspace's Managed identities page.",
        source="COPY reference 2026-05 and 2022-01, known issues",
    ),
    Remedy(
        pattern=r"ADMINISTER (DATABASE )?BULK OPERATIONS|INSERT permission was denied",
        advice="COPY needs INSERT on the table and ADMINISTER DATABASE BULK OPERATIONS; with AUTO_CREATE_TABLE also "
        "CREATE TABLE and ALTER on the schema. Grant them to the user of the connection.",
        source="COPY reference 2026-05, Permissions",
    ),
    Remedy(
        pattern=r"validating value of option 'FROM'",
        advice="A location in a storage account with a DNS zone endpoint (Azure DNS partition) is refused this way: "
        "move the files to an account with a standard endpoint. Otherwise check the URL in external_locations.",
        source="Data Factory, troubleshoot the Synapse connector",
    ),
    Remedy(
        pattern=r"\(40[13]\) (Forbidden|Unauthorized)",
        advice="The pool may not read or list the location, or write the error folder. Check that a SAS is not expired "
        "and grants READ and LIST (and WRITE, CREATE and DELETE for the error folder), that an identity has Storage "
        "Blob Data Contributor or Owner, and that the storage firewall lets the pool in. More than 20,000 files "
        "under one location, or a role assigned minutes ago, are answered this way too.",
        source="COPY reference 2026-05, CREDENTIAL; MicrosoftDocs/azure-docs issues 79775 and 85853",
    ),
    Remedy(
        pattern=r"ClassCastException",
        advice="A column of the files has another type than the column of the table that it is loaded into, by "
        "position. Compare the Parquet or ORC schema with the table, or name columns and field numbers in columns. "
        "Parquet timestamps in microseconds or nanoseconds do not fit: write INT96 or milliseconds.",
        source="Design ELT data loading, Parquet type mapping",
    ),
    Remedy(
        pattern=r"HdfsBridge::CreateRecordReader.*Connection timed out",
        advice="The load ran out of memory: give the user a larger resource class, or scale the pool up.",
        source="Synapse, common query errors",
    ),
    Remedy(
        pattern=r"HdfsBridge::CreateRecordReader",
        advice="Rows of more than 1 MB in all columns are refused this way: make the columns of the table narrower.",
        source="Data Factory, troubleshoot the Synapse connector",
    ),
    Remedy(
        pattern=r"Data exfiltration to .* is blocked",
        advice="The workspace protects against data exfiltration: add the Entra tenant of the storage account to the "
        "workspace's allowed list.",
        source="Synapse known issues",
    ),
    Remedy(
        pattern=r"file does not exist or you don't have file access rights",
        advice="Check that the location exists and that the credential may read and list it.",
        source="Synapse known issues",
    ),
    Remedy(
        numbers=(35386,),
        advice="Compressing columnstore rows needs more memory: give the user a larger resource class, or scale up.",
        source="Synapse, common query errors",
    ),
    Remedy(
        pattern=r"'PRIMARY' filegroup",
        advice="tempdb is full: scale the pool up, or load less at the same time.",
        source="Synapse, common query errors",
    ),
    Remedy(
        numbers=(107090,),
        pattern=r"maximum reject threshold|Bulk load failed due to invalid column value",
        advice="Look at the rejected rows in the error_file folder, mend the files, or allow more with max_errors.",
        source="COPY reference 2026-05, MAXERRORS and ERRORFILE",
    ),
)


def find_remedy(message: str) -> str:
    """Return the advice for a driver's message; empty where no document gives any."""
    return next((remedy.advice for remedy in REMEDIES if remedy.fits(message)), "")
