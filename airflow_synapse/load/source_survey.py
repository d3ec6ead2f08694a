"""What a look at the source files tells before a load: how many, how large, and a few of them by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from airflow_synapse.schema.parquet_types import ParquetFile

#: A megabyte as the guidance of the COPY reference counts; the smaller of its two meanings, so that a file of
#: either is large enough.
MEGABYTE: Final = 1_000_000
SMALL_FILE_BYTES: Final = 4 * MEGABYTE
SMALL_PARQUET_BYTES: Final = 256 * MEGABYTE

#: Files that are looked into: the first, the last, and others evenly between them. Files of one load are mostly written
#: by one job, and each costs a request.
SAMPLE_FILES: Final = 10


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file.

    :param name: Path below the container.
    :param size: Bytes, as it is stored.
    """

    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSurvey:
    """How much there is to load.

    :param files: Number of files.
    :param bytes: Their size as they are stored.
    :param small_files: Files of less than 4 MB.
    :param small_parquet_files: Files of less than 256 MB, whatever they hold.
    :param gzip_files: Files whose names end in ``.gz``.
    :param sample: Some of the files, spread over the listing.
    :param parquet_files: Footers of the sample, where they were asked for.
    """

    files: int = 0
    bytes: int = 0
    small_files: int = 0
    small_parquet_files: int = 0
    gzip_files: int = 0
    sample: tuple[SourceFile, ...] = ()
    parquet_files: tuple[ParquetFile, ...] = ()


class SurveyCounter:
    """Count files as a listing yields them, in constant memory."""

    def __init__(self) -> None:
        self._files = self._bytes = self._small = self._small_parquet = self._gzip = 0
        self._spread: list[SourceFile] = []
        self._stride = 1
        self._last: SourceFile | None = None

    def add(self, file: SourceFile) -> None:
        """Count one more file."""
        if self._files % self._stride == 0:
            self._spread.append(file)
        if len(self._spread) > 2 * SAMPLE_FILES:
            self._spread = self._spread[::2]
            self._stride *= 2
        self._last = file
        self._files += 1
        self._bytes += file.size
        self._small += file.size < SMALL_FILE_BYTES
        self._small_parquet += file.size < SMALL_PARQUET_BYTES
        self._gzip += file.name.lower().endswith(".gz")

    def survey(self) -> SourceSurvey:
        """Return what was counted so far."""
        return SourceSurvey(
            files=self._files,
            bytes=self._bytes,
            small_files=self._small,
            small_parquet_files=self._small_parquet,
            gzip_files=self._gzip,
            sample=self._sample(),
        )

    def _sample(self) -> tuple[SourceFile, ...]:
        if self._last is None:
            return ()
        candidates = self._spread if self._spread[-1] == self._last else [*self._spread, self._last]
        if len(candidates) <= SAMPLE_FILES:
            return tuple(candidates)
        step = (len(candidates) - 1) / (SAMPLE_FILES - 1)
        return tuple(candidates[round(place * step)] for place in range(SAMPLE_FILES))
