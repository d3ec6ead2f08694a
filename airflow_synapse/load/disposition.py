"""What a load does with the rows that are in the table already, and with what: the choices of the user, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from airflow_synapse.copy.identifiers import ColumnName, TableName
from airflow_synapse.copy.rules import read_text
from airflow_synapse.copy.statement import CopyStatement
from airflow_synapse.exceptions import CopyOptionError
from airflow_synapse.load.identity import Path
from airflow_synapse.schema.storage_options import read_distribution

#: What a reader of the table sees.
#:
#: - ``append``: rows are added.
#: - ``truncate``: the table is emptied first: readers see it empty for a while, and it stays empty when COPY fails.
#: - ``replace``: the old rows, then the new ones, at once; in a partitioned table each partition at once.
#: - ``replace_slice``: the rows for which ``slice_predicate`` holds change, in one transaction.
#: - ``replace_partition``: the partitions with ``partition_values`` change, each at once.
#: - ``upsert``: rows with the same ``upsert_keys`` are replaced, others added, in one transaction.
WRITE_DISPOSITIONS: Final = ("append", "truncate", "replace", "replace_slice", "replace_partition", "upsert")

#: Argument -> dispositions that it belongs to, and whether they need it.
_BELONGS: Final[Mapping[str, tuple[tuple[str, ...], bool]]] = {
    "slice_predicate": (("replace_slice",), True),
    "partition_values": (("replace_partition",), True),
    "upsert_keys": (("upsert",), True),
    "staging_distribution": (("append", "replace_slice", "upsert"), False),
    "staging_index": (("append", "replace_slice", "upsert"), False),
    "reload": (("append",), False),
}
_INDEXES: Final = ("HEAP", "CLUSTERED COLUMNSTORE INDEX")
#: What ends a condition, or the part of it that the pool reads; strings and bracketed names are passed over first.
_PREDICATE_TOKEN: Final = re.compile(r"'(?:[^']|'')*'|\[(?:[^\]]|\]\])*\]|\"(?:[^\"]|\"\")*\"|--|/\*|[\s\S]")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """How a load treats the rows that are there, and how it makes sure that it happens once.

    :param write_disposition: One of :data:`WRITE_DISPOSITIONS`.
    :param slice_predicate: For ``replace_slice``: condition over columns of the table, which all new rows fulfill.
    :param partition_values: For ``replace_partition``: a value of the partition column for each partition. For text
        columns, the boundary value of the partition itself.
    :param upsert_keys: For ``upsert``: the columns of the key.
    :param staging_distribution: ``ROUND_ROBIN`` or ``HASH(column, ...)``, for a staging table whose rows are inserted
        into the table. Default: ROUND_ROBIN, the fastest to load.
    :param staging_index: ``HEAP`` or ``CLUSTERED COLUMNSTORE INDEX``. Default: HEAP, the fastest to load.
    :param ledger_table: Table that remembers which loads are done; made when missing. None for none.
    :param reload: For ``append``: whether to add the rows again when the task is cleared.
    :param update_statistics: Whether to update the table's statistics after the load.
    :raises CopyOptionError: Arguments that are wrong, missing, or belong to another disposition.
    """

    write_disposition: str = "append"
    slice_predicate: str | None = None
    partition_values: tuple[str, ...] = ()
    upsert_keys: tuple[ColumnName, ...] = ()
    staging_distribution: str | None = None
    staging_index: str | None = None
    ledger_table: TableName | None = None
    reload: bool = False
    update_statistics: bool = False

    def __post_init__(self) -> None:
        if self.write_disposition not in WRITE_DISPOSITIONS:
            known = ", ".join(WRITE_DISPOSITIONS)
            raise CopyOptionError(f"write_disposition is {self.write_disposition!r}, which is none of {known}.")
        for argument, (dispositions, is_needed) in _BELONGS.items():
            self._check_belongs(argument, dispositions, is_needed=is_needed)
        if (self.staging_distribution or self.staging_index) and self.path == "direct":
            raise CopyOptionError(
                "staging_distribution and staging_index are for a staging table; append has one with ledger_table only."
            )
        if self.slice_predicate is not None:
            check_predicate(self.slice_predicate)
        self.staging_options()

    @property
    def path(self) -> Path:
        """How the rows reach the table."""
        if self.write_disposition == "append":
            return "staged" if self.ledger_table else "direct"
        return "direct" if self.write_disposition == "truncate" else "staged"

    @property
    def is_repeatable(self) -> bool:
        """Whether doing the load twice leaves the table as doing it once does."""
        return self.write_disposition != "append"

    @property
    def is_switched(self) -> bool:
        """Whether the staging table is switched in, so that it needs the shape of the table."""
        return self.write_disposition in {"replace", "replace_partition"}

    def staging_options(self) -> tuple[str, str]:
        """Return distribution and index of a staging table whose rows are inserted into the table.

        :raises CopyOptionError: One of them is none that such a table can have.
        """
        kind, columns = self._distribution()
        hashed = f"({', '.join(map(str, columns))})" if columns else ""
        return f"DISTRIBUTION = {kind}{hashed}", self._index()

    @property
    def named_columns(self) -> Mapping[str, tuple[ColumnName, ...]]:
        """The columns of the target that arguments name, by these."""
        return {"upsert_keys": self.upsert_keys, "staging_distribution": self._distribution()[1]}

    def check(self, copy: CopyStatement) -> None:
        """Check the options against the statement.

        :raises CopyOptionError: They do not go together.
        """
        if self.path == "direct":
            return
        what = f"write_disposition={self.write_disposition!r}" + (" with ledger_table" if self.ledger_table else "")
        if copy.auto_create_table:
            raise CopyOptionError(
                f"{what} needs a table that exists: leave auto_create_table out, and create the table first."
            )
        if copy.identity_insert and not self.is_switched:
            raise CopyOptionError(f"{what} inserts into the table, so that IDENTITY_INSERT cannot be ON.")
        listed = {column.name.name.casefold() for column in copy.columns}
        for argument, names in self.named_columns.items():
            missing = [column.name for column in names if listed and column.name.casefold() not in listed]
            if missing:
                raise CopyOptionError(f"{argument} names {', '.join(missing)}, which the column list does not load.")

    def _check_belongs(self, argument: str, dispositions: tuple[str, ...], *, is_needed: bool) -> None:
        is_given = bool(getattr(self, argument))
        here = self.write_disposition in dispositions
        if is_given and not here:
            raise CopyOptionError(
                f"{argument} is for write_disposition {' and '.join(dispositions)}, not {self.write_disposition}."
            )
        if is_needed and here and not is_given:
            raise CopyOptionError(f"write_disposition={self.write_disposition!r} needs {argument}.")

    def _distribution(self) -> tuple[str, tuple[ColumnName, ...]]:
        text = read_text(self.staging_distribution or "ROUND_ROBIN", "staging_distribution")
        try:
            kind, columns = read_distribution(text)
        except CopyOptionError:
            kind, columns = "REPLICATE", ()
        if kind == "REPLICATE":
            raise CopyOptionError(f"staging_distribution is {text!r}; it is ROUND_ROBIN or HASH(column, ...).")
        return kind, columns

    def _index(self) -> str:
        text = " ".join(read_text(self.staging_index or "HEAP", "staging_index").upper().split())
        if text not in _INDEXES:
            raise CopyOptionError(f"staging_index is {self.staging_index!r}, which is none of {', '.join(_INDEXES)}.")
        return text


def check_predicate(predicate: str) -> None:
    """Refuse a text that cannot be put in parentheses as one condition.

    :raises CopyOptionError: It is empty, its parentheses do not match, or it holds a comment or a semicolon.
    """
    depth = 0
    for token in _PREDICATE_TOKEN.findall(read_text(predicate, "slice_predicate")):
        depth += {"(": 1, ")": -1}.get(token, 0)
        if depth < 0 or token in {"'", '"', "[", ";", "--", "/*"}:
            depth = -1
            break
    if depth or not predicate.strip():
        raise CopyOptionError(
            f"slice_predicate is {predicate!r}, which is not one condition: close every parenthesis, quote and "
            "bracket, and leave out comments and semicolons."
        )
