"""The connection of a session's client, as the session sees it."""

from __future__ import annotations

from collections.abc import Callable


class ClientLink:
    """Breaks the connection of a client, once a server has said how.

    :ivar outlives_client: Whether the running statement goes on when its client is gone.
    """

    def __init__(self) -> None:
        self.outlives_client = False
        self._drop: Callable[[], None] | None = None

    @property
    def is_attached(self) -> bool:
        """Whether there is a connection to break."""
        return self._drop is not None

    def attach(self, drop: Callable[[], None]) -> None:
        """Take what breaks the connection; it may be called from any thread, and returns at once."""
        self._drop = drop

    def drop_link(self) -> None:
        """Break the connection."""
        if self._drop is not None:
            self._drop()
