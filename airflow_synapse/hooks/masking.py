"""Tell Airflow what must not be shown in the log and on the pages of a task."""

from __future__ import annotations

import logging
from urllib.parse import parse_qs, quote

from airflow.sdk.log import mask_secret

from airflow_synapse.secret import Secret


def mask(secret: Secret) -> None:
    """Mask every form in which the secret may stand in a text. Airflow leaves forms of fewer than five characters."""
    for form in secret.encodings():
        mask_secret(form)


def mask_sas(sas: Secret) -> None:
    """Mask a SAS that was made here by its signature, which is all that is secret of it.

    Whatever Airflow has to mask makes every further mask and every line of a log slower, as long as the process lives;
    a triggerer makes many a SAS.
    """
    (signature,) = parse_qs(sas.reveal())["sig"]
    core = signature.rstrip("=")  # of which each encoding makes something else
    for form in {core, quote(core, safe="")}:
        mask_secret(form)


def quiet_azure() -> None:
    """Keep the Azure SDK from writing the headers of requests, and each use of an identity, to the task's log."""
    for name in ("azure.identity", "azure.core.pipeline.policies.http_logging_policy"):
        logging.getLogger(name).setLevel(logging.WARNING)
