"""Which field goes to which column, and what replaces NULL."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_synapse.copy.identifiers import ColumnName
from airflow_synapse.copy.literals import DefaultValue, default_literal


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyColumn:
    """One entry of the column list. Source: COPY reference 2026-05, Column_list.

    :param name: Column of the target table.
    :param default: Replaces every NULL of the source, in files of any type. A constant: COPY takes no expression.
        None for no default.
    :param field_number: Field of the source, from 1. None for the field at the entry's own place.
    """

    name: ColumnName
    default: DefaultValue | None = None
    field_number: int | None = None

    @property
    def quoted(self) -> str:
        """The entry as T-SQL."""
        default = "" if self.default is None else f" DEFAULT {default_literal(self.default)}"
        return self.name.quoted + default + ("" if self.field_number is None else f" {self.field_number:d}")
