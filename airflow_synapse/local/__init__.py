"""A Synapse workspace on one machine: a test bed, and no Azure.

Storage is Azurite. The SQL pool is a stand-in that speaks TDS in front of DuckDB and implements what Microsoft's
documents say of a dedicated SQL pool. Nothing outside this package imports it; it shares no validation code with it.
"""
