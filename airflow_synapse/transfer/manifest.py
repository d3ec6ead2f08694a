"""What a job says of what it has done: the manifest, which it writes last.

Livy's word for success is not enough: the manifest must be there, and the files in the folder must be those that it
names, with their sizes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

from airflow_synapse.exceptions import StagedFilesError, TransferOptionError
from airflow_synapse.load.source_survey import SourceFile

MANIFEST_NAME: Final = "manifest.json"
_VERSION: Final = 1
#: Names that are shown when a listing and a manifest differ.
_MOST_NAMES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedColumn:
    """A column of the files, at its place in them.

    :param type: As Spark writes it: ``bigint``, ``decimal(10,2)``, ``timestamp``.
    :param is_nullable: Whether Spark allows NULL in it.
    :param max_length: UTF-16 code units of the longest text, or bytes of the longest binary value; None where that was
        not measured.
    """

    name: str
    type: str
    is_nullable: bool = True
    max_length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a job has written.

    :param rows: Rows that it has counted while it wrote them; None where it left the writing to somebody else.
    :param files: The files; names are relative to the folder of the job.
    :param application_id: Spark's id of the run.
    :param seconds: Time that the job took in Spark.
    """

    rows: int | None
    files: tuple[SourceFile, ...] = ()
    columns: tuple[StagedColumn, ...] = ()
    application_id: str | None = None
    seconds: float | None = None

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read a manifest.

        :raises StagedFilesError: It is cut off, or is none.
        :raises TransferOptionError: The job file is another version's.
        """
        try:
            return cls._of(json.loads(text))
        except TransferOptionError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StagedFilesError(f"The manifest of the Spark job cannot be read: {error!r}") from error

    @classmethod
    def _of(cls, value: dict[str, Any]) -> Self:
        if value["version"] != _VERSION:
            raise TransferOptionError(
                f"The manifest has version {value['version']!r}, and this package reads {_VERSION}: the scripts are "
                "another version's. Put those of this version into job_folder, or leave job_folder out."
            )
        return cls(
            rows=None if value["rows"] is None else int(value["rows"]),
            files=tuple(SourceFile(file["name"], int(file["bytes"])) for file in value.get("files", ())),
            columns=tuple(
                StagedColumn(
                    name=column["name"],
                    type=column["type"],
                    is_nullable=column.get("nullable", True),
                    max_length=column.get("max_length"),
                )
                for column in value.get("columns", ())
            ),
            application_id=value.get("application_id"),
            seconds=value.get("seconds"),
        )

    def check_listing(self, listed: Iterable[SourceFile]) -> None:
        """Compare the files that are there with those that the job has written.

        :param listed: All files of the job's data folder that COPY would read, with names as in the manifest.
        :raises StagedFilesError: They differ.
        """
        wanted = {file.name: file.size for file in self.files}
        found = {file.name: file.size for file in listed}
        differences = [
            *_named("missing", wanted.keys() - found.keys()),
            *_named("of another size", {name for name in wanted.keys() & found.keys() if wanted[name] != found[name]}),
            *_named("unknown to the job", found.keys() - wanted.keys()),
        ]
        if differences:
            raise StagedFilesError(
                "The staged files are not those that the Spark job has written. " + " ".join(differences)
            )


def _named(what: str, names: Iterable[str]) -> Iterable[str]:
    ordered = sorted(names)
    if ordered:
        more = f" and {len(ordered) - _MOST_NAMES} more" if len(ordered) > _MOST_NAMES else ""
        yield f"{what[0].upper()}{what[1:]}: {', '.join(ordered[:_MOST_NAMES])}{more}."
