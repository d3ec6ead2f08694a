"""Tell Airflow what must not be shown in the log and on the pages of a task."""

from __future__ import annotations

from airflow.sdk.log import mask_secret

from airflow_synapse.secret import Secret


def mask(secret: Secret) -> None:
    """Mask every form in which the secret may stand in a text. Airflow leaves forms of fewer than five characters."""
    for form in secret.encodings():
        mask_secret(form)
