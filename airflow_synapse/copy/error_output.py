"""Where COPY writes rejected rows and the reasons."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_synapse.copy.credentials import StorageCredential
from airflow_synapse.copy.literals import holds_template
from airflow_synapse.copy.location import ExternalLocation
from airflow_synapse.copy.rules import refuse, show


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorFile:
    """The directory of ERRORFILE. COPY makes it, and below it ``_rejectedrows/<time of the load>/``.

    :param directory: ``/path`` inside the container of the external locations, or a whole URL.
    :param credential: ERRORFILE_CREDENTIAL, for a whole URL only. For ``/path`` COPY uses CREDENTIAL. None for none:
        give :class:`~airflow_synapse.copy.EntraPassthrough` to say that the login itself may write there.
    :raises CopyOptionError: Rules ``error-file-directory``, ``location-*``, ``template``.
    """

    directory: str
    credential: StorageCredential | None = None

    def __post_init__(self) -> None:
        if holds_template(self.directory):
            raise refuse("template", option="ERRORFILE")
        if "?" in self.directory:
            raise refuse("location-query", shown=show(self.directory), option="ERRORFILE")
        location = self.location
        path = self.directory if location is None else location.path
        if not path.strip("/"):
            raise refuse("error-file-directory", shown=show(self.directory))

    @property
    def is_relative(self) -> bool:
        """Whether the directory is inside the container of the external locations."""
        return self.directory.startswith("/")

    @property
    def location(self) -> ExternalLocation | None:
        """The directory's own location; None when it is inside the container of the external locations."""
        if self.is_relative:
            return None
        if "://" not in self.directory:
            raise refuse("error-file-directory", shown=show(self.directory))
        return ExternalLocation.parse(self.directory, option="ERRORFILE")
