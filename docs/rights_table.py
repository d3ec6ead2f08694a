"""Print the table of the rights that a load needs, made from the code: ``python docs/rights_table.py``."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_synapse.copy.identifiers import TableName
from airflow_synapse.load.disposition import WRITE_DISPOSITIONS
from airflow_synapse.load.rights import Right, rights_to_export, rights_to_load, rights_to_make_external_table

_TABLE = TableName.parse("dbo.flights")
_HEADER = ("Load", "In the database", "On the table", "On its schema")
_SECURABLES = ("DATABASE", "OBJECT", "SCHEMA")


def as_markdown() -> str:
    """Return the table in Markdown: a row for each kind of load, those that need the same in one row."""
    kinds: dict[Sequence[Right], list[str]] = {}
    for disposition in WRITE_DISPOSITIONS:
        kinds.setdefault(rights_to_load(_TABLE, disposition=disposition), []).append(f"`{disposition}`")
    kept_rows = rights_to_load(_TABLE, disposition="replace_slice", creates_table=True)
    kinds.setdefault(kept_rows, []).append("`RejectedRowsToTableOperator`")
    made = rights_to_load(_TABLE, disposition="append", creates_table=True)
    kinds.setdefault(made, []).append("`append` or `truncate` of a table that is made")
    kept = rights_to_load(_TABLE, disposition="append", ledger_table=TableName.parse("dbo.load_ledger"))
    kinds.setdefault(kept, []).append("`append` with `ledger_table`")
    kinds[rights_to_make_external_table("dbo")] = ['`SparkToSqlPoolOperator(table_type="EXTERNAL")`']
    kinds[rights_to_export("dbo")] = ["`SqlPoolToSparkOperator`"]
    rows = [_HEADER, ("---",) * len(_HEADER), *(_row(", ".join(names), rights) for rights, names in kinds.items())]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _row(kind: str, rights: Sequence[Right]) -> tuple[str, ...]:
    return kind, *(", ".join(right.name for right in rights if right.on == on) for on in _SECURABLES)


if __name__ == "__main__":
    print(as_markdown())  # noqa: T201 - its purpose
