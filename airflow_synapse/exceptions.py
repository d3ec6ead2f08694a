"""What can go wrong, as a tree.

SynapseError
    CopyOptionError (also ValueError)      a COPY statement that the documentation forbids; found before connecting
    CredentialError (also ValueError)      a credential that is missing, incomplete or of the wrong kind
    DriverNotFoundError                    no ODBC driver for SQL Server on this machine
    SqlError                               an error that may carry the pool's own number
        SynapseConnectionError             the pool could not be reached, or refused the login
            PoolPausedError                the pool is paused: resume it
            PoolWarmingUpError             the pool is starting: wait
        StatementError                     the pool refused or could not finish a statement
            CopyFailedError                COPY INTO failed; nothing was loaded
                RejectThresholdExceededError   more rows were rejected than max_errors allows
            ConnectionLostError            the link to the pool broke while a statement ran
            CopyOutcomeUnknownError        nobody can know whether the load put its rows into the table
            LoadCheckError                 the staged rows do not fit the write disposition; nothing was changed
                TooManyRejectedRowsError   more rows were rejected than max_rejected_rows or max_rejected_ratio allows
            LoadBusyError                  an earlier try of the same load does not end
    AccessError                            a right that the work needs is missing
    LoadChangedError                       the load is done, but its arguments were changed since
    LoadSupersededError                    another try of the same load has taken over
    StatementCancelledError                the statement was cancelled, by us or by somebody else
    SparkPoolError                         the Spark pool could not be reached, or refused a request
        SparkBatchBusyError                an earlier batch of the same task does not end
    SparkJobError                          the job ended without its result
    SourceFilesError                       files cannot be listed or read, or do not fit the table
        NoSourceFilesError                 there is no file
    TransferOptionError (also ValueError)  an argument of a Spark transfer that is wrong; found before anything starts
    StagedFilesError                       the files of a Spark job are not what its manifest says
    DeliveryUnknownError                   nobody can know whether a Spark job has written its rows
    RowCountError                          not as many rows arrived as were sent
    TableExistsError                       save_mode errorifexists, and there is a table of that name

Each carries :attr:`SynapseError.retryable`: whether the same call can succeed later without anybody changing anything.
No message holds a secret.
"""

from __future__ import annotations

from typing import Any


class SynapseError(Exception):
    """Base of every error of this package."""

    #: Whether the same call can succeed later without anybody changing anything.
    retryable: bool = False


class CopyOptionError(SynapseError, ValueError):
    """A COPY statement, or a part of one, that the documentation forbids. Found before anything connects.

    :param message: The whole sentence for the user: which option, what is wrong with it, what to do.
    :param rule: Code of the broken rule, a row of :data:`airflow_synapse.copy.rules.RULES`.
    :param option: T-SQL keyword or clause that broke it, such as ``MAXERRORS`` or ``FROM``.
    :param source: The document that states the rule.
    """

    def __init__(self, message: str, *, rule: str = "", option: str = "", source: str = "") -> None:
        super().__init__(message)
        self.rule = rule
        self.option = option
        self.source = source


class CredentialError(SynapseError, ValueError):
    """A credential that is missing, incomplete or of the wrong kind."""


class DriverNotFoundError(SynapseError):
    """This machine has no ODBC driver for SQL Server, or no driver manager; the message says what to install."""


class SqlError(SynapseError):
    """An error that may carry the pool's own number.

    :param message: The whole sentence for the user.
    :param number: Native error number of the pool; None where the driver gave none.
    :param retryable: Replaces the class's answer where a number or state tells more.
    """

    def __init__(self, message: str, *, number: int | None = None, retryable: bool | None = None) -> None:
        super().__init__(message)
        self.number = number
        if retryable is not None:
            self.retryable = retryable


class SynapseConnectionError(SqlError):
    """The pool could not be reached, or refused the login."""


class PoolPausedError(SynapseConnectionError):
    """The pool is paused. It stays so until somebody resumes it."""


class PoolWarmingUpError(SynapseConnectionError):
    """The pool is starting, and was not ready within the time that we waited."""

    retryable = True


class StatementError(SqlError):
    """The pool refused a statement, or could not finish it."""


class ConnectionLostError(StatementError):
    """The link to the pool broke while a statement ran: the pool may have finished it, or not."""

    retryable = True


class CopyFailedError(StatementError):
    """COPY INTO failed. It is one transaction: nothing was loaded."""


class RejectThresholdExceededError(CopyFailedError):
    """More rows were rejected than ``max_errors`` allows. Nothing was loaded.

    :param reject_folder: Where this load was told to write its rejected rows; None where it was told nothing.
    """

    def __init__(self, message: str, *, number: int | None = None, reject_folder: str | None = None) -> None:
        super().__init__(message, number=number)
        self.reject_folder = reject_folder


class CopyOutcomeUnknownError(StatementError):
    """Nobody can know whether the load put its rows into the table. The message says how to go on."""


class LoadCheckError(StatementError):
    """The staged rows do not fit the write disposition. The table was not changed."""


class TooManyRejectedRowsError(LoadCheckError):
    """More rows were rejected than ``max_rejected_rows`` or ``max_rejected_ratio`` allows. The table was not changed.

    :param report: The report on them, as JSON.
    :param reject_folder: Where they are.
    """

    def __init__(self, message: str, *, report: dict[str, Any] | None = None, reject_folder: str | None = None) -> None:
        super().__init__(message)
        self.report = report
        self.reject_folder = reject_folder


class LoadBusyError(StatementError):
    """An earlier try of the same load does not end."""

    retryable = True


class AccessError(SynapseError):
    """A right that the work needs is missing. The message names each, and what gives it."""


class LoadChangedError(SynapseError):
    """The rows of the load are in the table, but its arguments were changed since."""


class LoadSupersededError(SynapseError):
    """Another try of the same load has taken over. This one has changed nothing."""

    retryable = True  # Airflow does not repeat a try that it has given up; one that it has not may go on


class StatementCancelledError(SynapseError):
    """The statement was cancelled, by us or by somebody else. It left nothing behind."""

    retryable = True


class SparkPoolError(SynapseError):
    """The Spark pool could not be reached, or refused a request.

    :param status: HTTP status of its answer; None where there was none that could be read.
    :param retryable: Whether the same request can succeed later.
    """

    def __init__(self, message: str, *, status: int | None = None, retryable: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.retryable = retryable


class SparkBatchBusyError(SparkPoolError):
    """An earlier batch of the same task was cancelled, and does not end."""


class SparkJobError(SynapseError):
    """The job ended without its result. The message says what the job, and the pool, say of it.

    :param retryable: Whether the job can succeed when it is submitted again.
    """

    def __init__(self, message: str, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable


class SourceFilesError(SynapseError):
    """Files of the storage account cannot be listed or read, or do not fit the table."""


class NoSourceFilesError(SourceFilesError):
    """The locations stand for no file."""


class TransferOptionError(SynapseError, ValueError):
    """An argument of a transfer between Spark and the pool that is wrong. Found before anything starts."""


class StagedFilesError(SynapseError):
    """The files of a Spark job are not what its manifest says. Nothing was loaded."""

    retryable = True  # the next try runs the job again


class DeliveryUnknownError(SynapseError):
    """Nobody can know whether a Spark job has written its rows. The message says how to go on."""


class RowCountError(SynapseError):
    """Not as many rows arrived as were sent. Someone has to look before the task is repeated."""


class TableExistsError(SynapseError):
    """The save mode is ``errorifexists``, and there is a table of that name. Nothing was started."""
