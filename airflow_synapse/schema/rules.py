"""The rules for a table that a load creates, as a table: what a dedicated pool refuses, and what could not be loaded.

They are written as the rules of COPY are, and break with the same :class:`~airflow_synapse.exceptions.CopyOptionError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from airflow_synapse.copy.conditions import Finding
from airflow_synapse.copy.rules import Rule
from airflow_synapse.exceptions import CopyOptionError

__all__ = ["RULES", "refuse"]

_REFERENCE: Final = "CREATE TABLE (Azure Synapse Analytics) 2025-02"
_TYPES: Final = "azure-docs, table data types in a dedicated SQL pool"
_IDENTITY: Final = "azure-docs, IDENTITY in a dedicated SQL pool"
_PARQUET: Final = "azure-docs, data loading strategies 2020-11, Parquet data type mapping"
_PACKAGE: Final = "this package"

# A row: code, option, what it forbids; the remedy; the source.
# fmt: off
_TABLE: Final = (
    # --- the argument
    Rule("table-option", "create_table", "has no such entry",
         "Its entries are columns, distribution, index, partition and string_type.", _PACKAGE),
    Rule("table-entry", "create_table", "has an entry that cannot be read",
         "Give texts, and for columns a mapping of names to types, or a list of mappings.", _PACKAGE),
    # --- types
    Rule("type-syntax", "type", "cannot be read",
         "Write it as in CREATE TABLE: int, decimal(18, 2), nvarchar(100), varchar(max).",
         f"{_REFERENCE}, data type"),
    Rule("type-unsupported", "type", "is none that a dedicated SQL pool has",
         "Use another.", f"{_TYPES}, unsupported types"),
    Rule("type-arguments", "type", "has a length, precision or scale that it cannot have",
         "char, varchar, binary and varbinary take 1 to 8000, nchar and nvarchar 1 to 4000, the var types also max; "
         "decimal 1 to 38 digits, and a scale up to these; time, datetime2 and datetimeoffset 0 to 7.",
         f"{_REFERENCE}, data type"),
    Rule("type-length", "type", "has no length, and would hold one character or few bytes",
         "Give the length, such as nvarchar(100).", f"{_REFERENCE}, data type; T-SQL reference, char and varchar"),
    # --- columns
    Rule("column-entry", "column", "has an entry that cannot be read",
         "A column has name and type and, if wanted, nullable, default and identity.", _PACKAGE),
    Rule("column-missing", "create_table", "has no columns",
         "List them, or load Parquet files with a storage connection: their columns are taken then.", _PACKAGE),
    Rule("column-count", "create_table", "has more than 1,024 columns",
         "Split the table.", "capacity limits 2020-02, columns per table"),
    Rule("column-duplicate", "create_table", "has two columns of one name",
         "Names compare without case.", "T-SQL reference, CREATE TABLE: names are unique in a table"),
    Rule("column-name-length", "column", "has a name of no or more than 128 characters",
         "Shorten it.", f"{_REFERENCE}, limitations"),
    Rule("column-unknown", "create_table", "names a column that the table has not",
         "Name one of its columns.", f"{_REFERENCE}, syntax"),
    Rule("default-value", "column", "has a default that is no constant of T-SQL",
         "Give a text, a finite number or bytes: a pool takes no expression.",
         f"{_REFERENCE}, DEFAULT constant_expression"),
    Rule("default-identity", "column", "has both a default and IDENTITY",
         "Leave one of the two out.", "T-SQL reference, IDENTITY"),
    Rule("identity-type", "column", "is an identity column of another type than int or bigint",
         "Use int or bigint.", f"{_IDENTITY}, limitations"),
    Rule("identity-count", "create_table", "has two identity columns",
         "A table has one at most.", "T-SQL reference, IDENTITY"),
    Rule("identity-nullable", "column", "is an identity column that takes NULL",
         "Leave nullable out.", "T-SQL reference, IDENTITY"),
    # --- distribution
    Rule("distribution", "distribution", "cannot be read",
         "Write ROUND_ROBIN, REPLICATE or HASH(column).", f"{_REFERENCE}, table distribution options"),
    Rule("distribution-columns", "distribution", "names several columns",
         "Name one: only CREATE TABLE AS SELECT fills a table that is distributed by several.",
         f"{_REFERENCE}, DISTRIBUTION = HASH, note on multi-column distribution"),
    Rule("distribution-default", "distribution", "is by a column with a default",
         "Leave the default out, or distribute by another column.", f"{_REFERENCE}, limitations"),
    Rule("distribution-identity", "distribution", "is by the identity column",
         "Distribute by another column.", f"{_IDENTITY}, limitations"),
    # --- index
    Rule("index", "index", "cannot be read",
         "Write CLUSTERED COLUMNSTORE INDEX, that with ORDER (columns), HEAP, or CLUSTERED INDEX (columns).",
         f"{_REFERENCE}, table structure options"),
    Rule("index-order-type", "index", "orders by a text column",
         "Order by numbers or dates.", f"{_REFERENCE}, ordered clustered columnstore index option"),
    Rule("index-max-type", "index", "is a columnstore, which has no (max) types",
         "Set index to HEAP or CLUSTERED INDEX (columns), or give the column a length.",
         "azure-docs, indexes on dedicated SQL pool tables, clustered columnstore indexes"),
    # --- partitions
    Rule("partition", "partition", "cannot be read",
         "Give column, values (a list of constants) and, if wanted, range: LEFT or RIGHT.",
         f"{_REFERENCE}, table partition options"),
    Rule("partition-temporary", "partition", "is not possible for a temporary table",
         "Leave it out.", f"{_REFERENCE}, temporary tables"),
    # --- files
    Rule("parquet-type", "column of the files", "has a Parquet type that no T-SQL type is documented for",
         "List the columns in create_table, or write the files with another type.", _PARQUET),
    Rule("parquet-files-differ", "columns of the files", "are not the same in all files",
         "List the columns in create_table, or write the files alike.", _PACKAGE),
)
# fmt: on

#: Every rule by its code.
RULES: Final[Mapping[str, Rule]] = MappingProxyType({rule.code: rule for rule in _TABLE})


def refuse(code: str, *, shown: str = "", option: str | None = None) -> CopyOptionError:
    """Return the error of a broken rule.

    :param shown: The offending value, made with :func:`airflow_synapse.copy.rules.show`; empty to show nothing.
    :param option: What broke it, when that is closer than the rule's own option.
    """
    return RULES[code].broken(Finding(shown, option))
