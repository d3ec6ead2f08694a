"""What Airflow reads of this package, through the entry point ``apache_airflow_provider``."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Return the provider's metadata: Airflow checks it against its own schema ``provider_info.schema.json``."""
    return {
        "package-name": "airflow-provider-synapse",
        "name": "Azure Synapse SQL pool",
        "description": "Load Azure Synapse dedicated SQL pools with COPY INTO.",
        "integrations": [
            {
                "integration-name": "Azure Synapse dedicated SQL pool",
                "external-doc-url": "https://learn.microsoft.com/sql/t-sql/statements/copy-into-transact-sql",
                "tags": ["azure"],
            }
        ],
        "operators": [
            {
                "integration-name": "Azure Synapse dedicated SQL pool",
                "python-modules": [
                    "airflow_synapse.operators.copy",
                    "airflow_synapse.operators.rejected_rows_to_files",
                    "airflow_synapse.operators.rejected_rows_to_table",
                    "airflow_synapse.operators.spark_to_sql_pool",
                    "airflow_synapse.operators.sql_pool_to_spark",
                ],
            }
        ],
        "sensors": [
            {
                "integration-name": "Azure Synapse dedicated SQL pool",
                "python-modules": ["airflow_synapse.sensors.rejected_rows"],
            }
        ],
        "hooks": [
            {
                "integration-name": "Azure Synapse dedicated SQL pool",
                "python-modules": [
                    "airflow_synapse.hooks.sql_pool",
                    "airflow_synapse.hooks.storage",
                    "airflow_synapse.hooks.spark_pool",
                ],
            }
        ],
        "triggers": [
            {
                "integration-name": "Azure Synapse dedicated SQL pool",
                "python-modules": [
                    "airflow_synapse.triggers.copy_load",
                    "airflow_synapse.triggers.rejected_rows",
                    "airflow_synapse.triggers.spark_batch",
                ],
            }
        ],
        "extra-links": ["airflow_synapse.links.SparkApplicationLink"],
        "connection-types": [_sql_pool_connection()],
    }


def _sql_pool_connection() -> dict[str, Any]:
    return {
        "connection-type": "azure_synapse_sql_pool",
        "hook-name": "Azure Synapse dedicated SQL pool",
        "hook-class-name": "airflow_synapse.hooks.sql_pool.SynapseSqlPoolHook",
        "ui-field-behaviour": {
            "hidden-fields": [],
            "relabeling": {
                "host": "Dedicated SQL endpoint",
                "schema": "SQL pool (database)",
                "login": "SQL login or client id",
                "password": "Password or client secret",
            },
            "placeholders": {
                "host": "myworkspace.sql.azuresynapse.net",
                "schema": "mypool",
                "port": "1433",
                "login": "empty for a system-assigned managed identity",
            },
        },
        "conn-fields": {
            "authentication": {
                "label": "Authentication",
                "description": "sql_login needs login and password; service_principal also the tenant.",
                "schema": {
                    "type": ["string", "null"],
                    "enum": [
                        "sql_login",
                        "service_principal",
                        "managed_identity",
                        "workload_identity",
                        "default",
                        "access_token",
                    ],
                    "default": "sql_login",
                },
            },
            "tenant_id": {
                "label": "Tenant id",
                "description": "Entra tenant of the service principal or workload identity.",
                "schema": {"type": ["string", "null"]},
            },
            "access_token": {
                "label": "Access token",
                "description": "A token for https://database.windows.net/, with authentication access_token.",
                "schema": {"type": ["string", "null"], "format": "password"},
            },
            "driver": {
                "label": "ODBC driver",
                "description": "Name or path. Empty: Microsoft's ODBC Driver 18 for SQL Server.",
                "schema": {"type": ["string", "null"]},
            },
            "encrypt": {
                "label": "Encrypt",
                "schema": {"type": ["string", "null"], "enum": ["yes", "no", "strict"], "default": "yes"},
            },
            "trust_server_certificate": {
                "label": "Trust any server certificate",
                "description": "For a server on this machine only.",
                "schema": {"type": ["boolean", "null"], "default": False},
            },
            "login_timeout": {
                "label": "Login timeout",
                "description": "Seconds for one attempt to connect.",
                "schema": {"type": ["integer", "null"], "default": 30, "minimum": 1},
            },
            "application_name": {
                "label": "Application name",
                "description": "What sys.dm_pdw_exec_sessions shows as app_name.",
                "schema": {"type": ["string", "null"]},
            },
        },
    }
