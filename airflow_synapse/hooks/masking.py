"""Tell Airflow what must not be shown in the log and on the pages of a task."""

from __future__ import annotations

import logging

from airflow.sdk.log import mask_secret

from airflow_synapse.secret import Secret


def mask(secret: Secret) -> None:
    """Mask every form in which the secret may stand in a text. Airflow leaves forms of fewer than five characters."""
    for form in secret.encodings():
        mask_secret(form)


def quiet_azure() -> None:
    """Keep the Azure SDK from writing the headers of requests, and each use of an identity, to the task's log."""
    for name in ("azure.identity", "azure.core.pipeline.policies.http_logging_policy"):
        logging.getLogger(name).setLevel(logging.WARNING)
