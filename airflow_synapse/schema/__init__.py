"""Tables and the schemas of files: T-SQL types, Parquet types, CREATE TABLE. Pure: nothing here opens anything."""
