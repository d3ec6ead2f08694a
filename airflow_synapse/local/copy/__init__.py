"""COPY INTO of the local pool: its grammar, its engine and the redaction of its secrets.

Written from the documentation of the service alone. It shares nothing with :mod:`airflow_synapse.copy`, which writes
statements: what one side misreads, the other must not excuse.
"""
