"""The error that the local pool answers with."""

from __future__ import annotations


class PoolError(Exception):
    """A numbered error, as a client sees it.

    :param number: Native error number. Where no document shows it for the situation, the place that raises it says so.
    :param message: Text for the client. It never holds a SECRET.
    :param severity: Class of the error; 11 to 16 are the user's, 20 and more end the connection.
    :param state: State, an arbitrary small number.
    """

    def __init__(self, number: int, message: str, *, severity: int = 16, state: int = 1) -> None:
        super().__init__(message)
        self.number = number
        self.message = message
        self.severity = severity
        self.state = state


class StatementCancelled(Exception):  # noqa: N818 - an event that unwinds the statement, not an error for the client
    """The client sent an attention while the statement ran."""
