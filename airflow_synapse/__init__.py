"""Load Azure Synapse dedicated SQL pools from Apache Airflow."""

__version__ = "0.1.0"
