"""Where the local workspace keeps what it installs and stores, and the error of everything that manages it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from airflow_synapse.secret import Secret

HOME_VARIABLE: Final = "AIRFLOW_SYNAPSE_LOCAL_HOME"


class WorkspaceError(Exception):
    """The local workspace cannot do what it was asked to. The message says what to do."""


def default_home() -> Path:
    """Return the folder that ``AIRFLOW_SYNAPSE_LOCAL_HOME`` names, else one in the user's cache folder."""
    if named := os.environ.get(HOME_VARIABLE):
        return Path(named).expanduser().resolve()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "airflow-synapse-local"


def stored_secret(path: Path) -> Secret:
    """Return the secret in a file, which is made with a random one when it is missing."""
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
    return Secret(path.read_text())


@contextlib.contextmanager
def locked(path: Path, *, wait: bool) -> Iterator[bool]:
    """Hold an exclusive lock on a file; yield whether it was got.

    The system drops the lock when the process ends, however it ends, so that a lock is a better sign of life than a
    process id in a file.

    :param wait: Wait for the lock; without it a lock that somebody else holds yields False.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
