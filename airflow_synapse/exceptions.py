"""What can go wrong, as a tree.

SynapseError
    CopyOptionError (also ValueError)    a COPY statement that the documentation forbids; found before connecting
    CredentialError (also ValueError)    a credential that is missing, incomplete or of the wrong kind
    DriverNotFoundError                  no ODBC driver for SQL Server on this machine
    SynapseConnectionError               the pool could not be reached, or refused the login
        PoolPausedError                  the pool is paused: resume it
        PoolWarmingUpError               the pool is starting: wait
    StatementError                       the pool refused or could not finish a statement
        CopyFailedError                  COPY INTO failed; nothing was loaded
            RejectThresholdExceededError more rows were rejected than max_errors allows
    StatementCancelledError              the statement was cancelled, by us or by somebody else
    SourceFilesError                     the source files cannot be listed, or there are none

Each carries :attr:`SynapseError.retryable`: whether the same call can succeed later without anybody changing anything.
No message holds a secret.
"""

from __future__ import annotations


class SynapseError(Exception):
    """Base of every error of this package."""

    #: Whether the same call can succeed later without anybody changing anything.
    retryable: bool = False
