"""The names of batches: each tells whose it is, so that the pool's list of batches can be read by a later try."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from airflow_synapse.load.identity import LoadIdentity

#: Longest readable part of a name.
_READABLE_CHARACTERS: Final = 50
_NAME: Final = re.compile(
    r"(?P<title>[\w-]+)-(?P<load_id>[0-9a-f]{12})-clear(?P<clear_number>\d+)-try(?P<try_number>\d+)"
    r"-(?P<fingerprint>[0-9a-f]{8})-(?P<token>[0-9a-f]{8})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchName:
    """The name of one batch, which is also a good name for the folder of what it writes.

    :param title: What a reader sees first: DAG and task.
    :param load_id: :attr:`~airflow_synapse.load.identity.LoadIdentity.load_id` of the task.
    :param clear_number: How often the DAG run was cleared.
    :param try_number: Airflow's number of the try that submitted it.
    :param fingerprint: Stands for what the job is to do; eight hexadecimal digits.
    :param token: Tells the batches of one try apart; eight hexadecimal digits.
    """

    title: str
    load_id: str
    clear_number: int
    try_number: int
    fingerprint: str
    token: str

    @classmethod
    def of(cls, identity: LoadIdentity, *, try_number: int, fingerprint: str, token: str) -> Self:
        """Return the name of a new batch."""
        title = re.sub(r"[^A-Za-z0-9_]+", "-", f"{identity.dag_id} {identity.task_id}")[:_READABLE_CHARACTERS].strip(
            "-"
        )
        return cls(
            title=title or "airflow",
            load_id=identity.load_id,
            clear_number=identity.clear_number,
            try_number=try_number,
            fingerprint=fingerprint,
            token=token,
        )

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a name; None when it is that of something else."""
        match = _NAME.fullmatch(text)
        if match is None:
            return None
        parts = match.groupdict()
        return cls(
            title=parts["title"],
            load_id=parts["load_id"],
            clear_number=int(parts["clear_number"]),
            try_number=int(parts["try_number"]),
            fingerprint=parts["fingerprint"],
            token=parts["token"],
        )

    def __str__(self) -> str:
        return (
            f"{self.title}-{self.load_id}-clear{self.clear_number}-try{self.try_number}-{self.fingerprint}-{self.token}"
        )

    @property
    def rank(self) -> tuple[int, int]:
        """Of two batches, the one of the higher rank is what Airflow wants now."""
        return self.clear_number, self.try_number
