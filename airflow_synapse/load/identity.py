"""Who a load is: the task instance that runs it, and the names that follow from it.

The names are known before anything is submitted, and are the same whenever the same load is tried again. An *attempt*
is one session that tries to do the load: a load has several when tasks are retried or cleared, or links break.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from dataclasses import astuple, dataclass, replace
from typing import Final, Literal, Self

#: Longest label: ``sys.dm_pdw_exec_requests.label`` is nvarchar(255).
_LABEL_CHARACTERS: Final = 255
#: Longest name that we give to a folder; blob names may have 1,024 characters in all.
_FOLDER_CHARACTERS: Final = 120
_DIGEST_CHARACTERS: Final = 12
#: Length of the part of a token that stands for a process.
PROCESS_CHARACTERS: Final = 4

#: How the rows of an attempt reach the table: by COPY itself, or through a staging table that is published.
Path = Literal["direct", "staged"]

_CORRELATION: Final = re.compile(
    r"airflow load (?P<load_id>\w+) clear (?P<clear_number>\d+) try (?P<try_number>\d+) "
    r"attempt (?P<number>\d+) (?P<token>\w+) of (?P<fingerprint>\w+) (?P<path>direct|staged)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadIdentity:
    """The identity of one load.

    :param dag_id: DAG of the task.
    :param task_id: The task, with its task groups.
    :param run_id: The DAG run.
    :param map_index: Number of the mapped task instance; -1 where the task is not mapped.
    :param clear_number: How often the DAG run was cleared or reprocessed. It stays the same when a task is retried and
        grows when a user asks for the work again.
    :param target: What is loaded: two Airflows with a DAG of the same name may share a pool, and load other tables.
    """

    dag_id: str
    task_id: str
    run_id: str
    map_index: int = -1
    clear_number: int = 0
    target: str = ""

    @property
    def label(self) -> str:
        """Text for ``OPTION (LABEL = ...)``: readable first, unique by its end, at most 255 characters."""
        suffix = f" [{self._digest}]"
        text = f"airflow: {self.dag_id}.{self.task_id} {self.run_id}{self._mapped}"
        return text[: _LABEL_CHARACTERS - len(suffix)] + suffix

    def reject_folder(self, try_number: int, token: str = "") -> str:
        """Return the name of the folder for the rejected rows of one attempt.

        An attempt that failed, or whose link broke, may leave rejected rows behind, so that each gets a folder of its
        own. The name needs no escaping in a URL, and does not begin with ``_`` or ``.``, which would hide it from COPY.

        :param token: :attr:`Attempt.token`. Without it, what the names of the folders of a try begin with: their
            numbers come again when a triggerer begins again.
        """
        suffix = f"-{self._digest}-try{try_number}" + (f"-{token}" if token else "")
        text = re.sub(r"[^A-Za-z0-9]+", "-", f"{self.dag_id} {self.task_id} {self.run_id}{self._mapped}").strip("-")
        return (text[: _FOLDER_CHARACTERS - len(suffix)].rstrip("-") or "load") + suffix

    @property
    def load_id(self) -> str:
        """Name of the load whatever its clear number: twelve hexadecimal digits."""
        return replace(self, clear_number=-1)._digest

    @property
    def _mapped(self) -> str:
        return f" {self.map_index}" if self.map_index >= 0 else ""

    @property
    def _digest(self) -> str:
        # JSON keeps the parts apart: DAG "a.b" with task "c" is not DAG "a" with task "b.c".
        return hashlib.sha256(json.dumps(astuple(self)).encode()).hexdigest()[:_DIGEST_CHARACTERS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One session that tries to do a load.

    :param load_id: :attr:`LoadIdentity.load_id`.
    :param clear_number: :attr:`LoadIdentity.clear_number`.
    :param try_number: Airflow's number of the try. One try has several attempts when its link breaks.
    :param number: Which attempt of its try it is, from 1.
    :param token: Tells the attempts of a load apart; letters and digits, of which the first four are the
        :attr:`process`.
    :param fingerprint: Stands for what is loaded, so that a load whose arguments were changed shows.
    :param path: How its rows reach the table.
    """

    load_id: str
    clear_number: int
    try_number: int
    number: int
    token: str
    fingerprint: str
    path: Path

    @property
    def correlation_id(self) -> str:
        """Text for the session's ``client_correlation_id``, by which the pool's views show all its requests."""
        return (
            f"{correlation_prefix(self.load_id)}clear {self.clear_number} try {self.try_number} "
            f"attempt {self.number} {self.token} of {self.fingerprint} {self.path}"
        )

    @classmethod
    def parse(cls, correlation_id: str) -> Self | None:
        """Read a :attr:`correlation_id`; None when the text is something else."""
        match = _CORRELATION.fullmatch(correlation_id)
        if match is None:
            return None
        parts = match.groupdict()
        return cls(
            load_id=parts["load_id"],
            clear_number=int(parts["clear_number"]),
            try_number=int(parts["try_number"]),
            number=int(parts["number"]),
            token=parts["token"],
            fingerprint=parts["fingerprint"],
            path="staged" if parts["path"] == "staged" else "direct",
        )

    @property
    def rank(self) -> tuple[int, int]:
        """Of two attempts, the one of the higher rank is what Airflow wants now."""
        return self.clear_number, self.try_number

    @property
    def process(self) -> str:
        """Stands for the process that makes this attempt, and others when its link breaks."""
        return self.token[:PROCESS_CHARACTERS]

    @property
    def staging_name(self) -> str:
        """Name of the staging table. Each attempt has its own, so that a late one cannot write into another's."""
        return staging_prefix(self.load_id) + self.token


def correlation_prefix(load_id: str) -> str:
    """Return what the ``client_correlation_id`` of every attempt of a load begins with."""
    return f"airflow load {load_id} "


def new_process() -> str:
    """Return a name for a process that is about to make attempts."""
    return secrets.token_hex(PROCESS_CHARACTERS // 2)


def staging_prefix(load_id: str, process: str = "") -> str:
    """Return what the names of all staging tables of a load begin with, or of those of one process."""
    return f"airflow_load_{load_id}_{process}"
