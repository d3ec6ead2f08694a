"""The files of external tables: where they are, reading them in queries, and writing them for CETAS."""
