"""The T-SQL that the local pool understands: parsing, and translation to DuckDB."""
