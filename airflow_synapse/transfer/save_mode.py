"""What becomes of the rows that are in the table: in Spark's words, or as a write disposition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from airflow_synapse.exceptions import TransferOptionError
from airflow_synapse.transfer.arguments import one_of

#: Spark's save modes, as the connector takes them, and what each does with a table that is there.
#:
#: - ``errorifexists``: the task fails.
#: - ``append``: rows are added.
#: - ``overwrite``: the new rows take the place of the old ones, at once.
#: - ``ignore``: nothing happens, and the task succeeds.
SAVE_MODES: Final = ("errorifexists", "append", "overwrite", "ignore")
DEFAULT_SAVE_MODE: Final = "errorifexists"

_DISPOSITIONS: Final[Mapping[str, str]] = {
    "errorifexists": "append",
    "append": "append",
    "overwrite": "replace",
    "ignore": "append",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteChoice:
    """The user's choice.

    :param save_mode: One of :data:`SAVE_MODES`; None where the write disposition says all.
    :param write_disposition: One of :data:`~airflow_synapse.load.disposition.WRITE_DISPOSITIONS`.
    """

    save_mode: str | None
    write_disposition: str

    @property
    def needs_missing_table(self) -> bool:
        """Whether nothing is written into a table that is there."""
        return self.save_mode in {"errorifexists", "ignore"}

    @classmethod
    def of(cls, save_mode: str | None, write_disposition: str | None) -> WriteChoice:
        """Read the operator's arguments; both None: :data:`DEFAULT_SAVE_MODE`.

        :raises TransferOptionError: Both are given, or the save mode is none.
        """
        if write_disposition is not None:
            if save_mode is not None:
                raise TransferOptionError(
                    f"save_mode is {save_mode!r} and write_disposition is {write_disposition!r}: give one of them."
                )
            return cls(save_mode=None, write_disposition=write_disposition)
        return cls._of_mode(read_save_mode(save_mode))

    @classmethod
    def _of_mode(cls, mode: str) -> WriteChoice:
        return cls(save_mode=mode, write_disposition=_DISPOSITIONS[mode])


def read_save_mode(save_mode: str | None) -> str:
    """Return a save mode in lower case: Spark writes ``ErrorIfExists`` too.

    :raises TransferOptionError: It is none of :data:`SAVE_MODES`.
    """
    return one_of(save_mode or DEFAULT_SAVE_MODE, SAVE_MODES, "save_mode")
