"""A Spark pool on this machine: real Spark behind the interface that Synapse gives to it.

Spark runs in an environment of its own, and reads and writes the workspace's storage by the ``abfss://`` URLs that a
job has in production.
"""
