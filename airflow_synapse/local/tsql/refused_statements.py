"""Statements by their first words: what a dedicated pool has not, and what only the local pool lacks."""

from __future__ import annotations

from typing import Final

#: Not in a dedicated pool. First words of the statement -> where the documents say so.
UNSUPPORTED_IN_A_DEDICATED_POOL: Final = {
    ("USE",): "azure-docs sql/overview-features (02/2026), Control of flow",
    ("GOTO",): "azure-docs sql/overview-features (02/2026), Control of flow",
    ("CONTINUE",): "azure-docs sql/overview-features (02/2026), Control of flow",
    ("RETURN",): "azure-docs sql/overview-features (02/2026), Control of flow",
    ("WAITFOR",): "azure-docs sql/overview-features (02/2026), Control of flow",
    ("CREATE", "TRIGGER"): "azure-docs sql/overview-features (02/2026), Database objects",
    ("CREATE", "SEQUENCE"): "azure-docs sql-data-warehouse-tables-overview, Unsupported table features",
    ("CREATE", "SYNONYM"): "azure-docs sql-data-warehouse-tables-overview, Unsupported table features",
    ("CREATE", "TYPE"): "azure-docs sql-data-warehouse-tables-overview, Unsupported table features",
    ("CREATE", "DATABASE"): "azure-docs sql/overview-features (02/2026), Cross-database queries",
    ("ALTER", "ROLE"): "sql-docs, Database-level roles: sp_addrolemember and sp_droprolemember instead",
    ("OPEN",): "azure-docs sql/overview-features (02/2026), Types: cursor",
    ("FETCH",): "azure-docs sql/overview-features (02/2026), Types: cursor",
    ("CLOSE",): "azure-docs sql/overview-features (02/2026), Types: cursor",
    ("SAVE",): "azure-docs sql-data-warehouse-develop-transactions, Limitations: no save points",
    ("BEGIN", "DISTRIBUTED"): "azure-docs sql-data-warehouse-develop-transactions, Limitations",
}

#: In a dedicated pool, but not here.
MISSING_HERE: Final = (
    ("ALTER", "AUTHORIZATION"), ("ALTER", "DATABASE"), ("ALTER", "EXTERNAL"), ("ALTER", "FUNCTION"), ("ALTER", "INDEX"),
    ("ALTER", "LOGIN"), ("ALTER", "MATERIALIZED"), ("ALTER", "PROC"), ("ALTER", "PROCEDURE"),
    ("ALTER", "SCHEMA"), ("ALTER", "USER"), ("ALTER", "VIEW"),
    ("WHILE",), ("BREAK",), ("RAISERROR",),
    ("THROW",), ("DBCC",), ("EXPLAIN",), ("CREATE", "VIEW"), ("CREATE", "PROCEDURE"), ("CREATE", "PROC"),
    ("CREATE", "OR"), ("CREATE", "FUNCTION"), ("CREATE", "LOGIN"),
    ("CREATE", "INDEX"), ("CREATE", "CLUSTERED"), ("CREATE", "NONCLUSTERED"), ("CREATE", "UNIQUE"),
    ("CREATE", "COLUMN"),
    ("CREATE", "MATERIALIZED"), ("CREATE", "WORKLOAD"), ("CREATE", "REMOTE"),
    ("DROP", "VIEW"), ("DROP", "PROCEDURE"),
    ("DROP", "PROC"), ("DROP", "FUNCTION"), ("DROP", "LOGIN"), ("DROP", "INDEX"),
    ("DROP", "WORKLOAD"),
    ("DROP", "DATABASE"), ("CREATE", "CERTIFICATE"), ("CREATE", "SECURITY"),
)  # fmt: skip
