"""A TDS 7.4 server: what SQL Server drivers speak, in front of any :class:`~airflow_synapse.local.protocol.Session`.

Source of every number and layout in this package: [MS-TDS], the published protocol description, read together with what
the Microsoft ODBC driver and FreeTDS send.
"""
