"""Rejected rows as a load leaves them in a storage account: which files belong together, what they hold, a report.

Pure: it opens nothing. What lists and reads files is :class:`~airflow_synapse.hooks.storage.SynapseStorageHook`.
"""
