"""Who a load is: the task instance that runs it, and the names that follow from it.

The names are known before anything is submitted, and are the same whenever the same load is tried again.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import astuple, dataclass
from typing import Final

#: Longest label: ``sys.dm_pdw_exec_requests.label`` is nvarchar(255).
_LABEL_CHARACTERS: Final = 255
#: Longest name that we give to a folder; blob names may have 1,024 characters in all.
_FOLDER_CHARACTERS: Final = 120
_DIGEST_CHARACTERS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadIdentity:
    """The identity of one load.

    :param dag_id: DAG of the task.
    :param task_id: The task, with its task groups.
    :param run_id: The DAG run.
    :param map_index: Number of the mapped task instance; -1 where the task is not mapped.
    :param clear_number: How often the DAG run was cleared or reprocessed. It stays the same when a task is retried and
        grows when a user asks for the work again.
    """

    dag_id: str
    task_id: str
    run_id: str
    map_index: int = -1
    clear_number: int = 0

    @property
    def label(self) -> str:
        """Text for ``OPTION (LABEL = ...)``: readable first, unique by its end, at most 255 characters."""
        suffix = f" [{self._digest}]"
        text = f"airflow: {self.dag_id}.{self.task_id} {self.run_id}{self._mapped}"
        return text[: _LABEL_CHARACTERS - len(suffix)] + suffix

    def reject_folder(self, try_number: int) -> str:
        """Return the name of the folder for the rejected rows of one try.

        A load that failed may leave rejected rows behind, so that each try gets a folder of its own. The name needs no
        escaping in a URL, and does not begin with ``_`` or ``.``, which would hide it from COPY.
        """
        suffix = f"-{self._digest}-try{try_number}"
        text = re.sub(r"[^A-Za-z0-9]+", "-", f"{self.dag_id} {self.task_id} {self.run_id}{self._mapped}").strip("-")
        return (text[: _FOLDER_CHARACTERS - len(suffix)].rstrip("-") or "load") + suffix

    @property
    def _mapped(self) -> str:
        return f" {self.map_index}" if self.map_index >= 0 else ""

    @property
    def _digest(self) -> str:
        # JSON keeps the parts apart: DAG "a.b" with task "c" is not DAG "a" with task "b.c".
        return hashlib.sha256(json.dumps(astuple(self)).encode()).hexdigest()[:_DIGEST_CHARACTERS]
