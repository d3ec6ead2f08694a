"""What the COPY reference advises about the number and the size of files, as one warning each.

Source: COPY reference 2026-05, "What's the file splitting guidance", "What is the limitation on the number or size of
files".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from airflow_synapse.copy.statement import CopyStatement
from airflow_synapse.load.byte_counts import bytes_text
from airflow_synapse.load.compute_size import COMPRESSED_FILES_PER_NODE, MOST_COMPUTE_NODES
from airflow_synapse.load.source_survey import SMALL_FILE_BYTES, SMALL_PARQUET_BYTES, SourceSurvey

_MOST_FILES: Final = 5000


def compressed_csv_files(survey: SourceSurvey, statement: CopyStatement) -> int:
    """Return how many files are compressed CSV, each of which one reader has to read alone."""
    if statement.file_type != "CSV":
        return 0
    compression = statement.csv.compression if statement.csv else None
    if compression is None:
        return survey.gzip_files  # COPY goes by the extension
    return survey.files if compression == "GZIP" else 0


def asks_for_compute_nodes(survey: SourceSurvey, statement: CopyStatement) -> bool:
    """Return whether the size of the pool decides anything that :func:`warnings` says."""
    compressed = compressed_csv_files(survey, statement)
    return 0 < compressed < _wanted_files(survey, MOST_COMPUTE_NODES)


def warnings(survey: SourceSurvey, statement: CopyStatement, compute_nodes: int | None) -> Iterator[str]:
    """Yield the warnings for a load, a sentence or two each.

    A single file is small because there is not more to load: nothing is said of its size.

    :param compute_nodes: Of the pool; None where they are not known, and nothing is said of them.
    """
    if survey.files > _MOST_FILES:
        yield f"There are {survey.files:,} files; a load is faster with at most {_MOST_FILES:,}. Write larger files."
    if survey.files > 1 and survey.small_files:
        yield (
            f"{survey.small_files:,} of {survey.files:,} files are smaller than {bytes_text(SMALL_FILE_BYTES)}, below "
            "which the work for each file weighs more than its rows. Write larger files."
        )
    if survey.files > 1 and survey.small_parquet_files and statement.file_type in {"PARQUET", "ORC"}:
        yield (
            f"{survey.small_parquet_files:,} of {survey.files:,} {statement.file_type} files are smaller than "
            f"{bytes_text(SMALL_PARQUET_BYTES)}, which the documents advise. Write larger files."
        )
    if compute_nodes is not None:
        compressed, wanted = compressed_csv_files(survey, statement), _wanted_files(survey, compute_nodes)
        if 0 < compressed < wanted:
            yield (
                f"{compressed:,} compressed CSV files are too few for this pool to read at full speed: such a file is "
                f"not split. Write {wanted:,} files, or leave them uncompressed."
            )


def _wanted_files(survey: SourceSurvey, compute_nodes: int) -> int:
    """Return how many compressed files the documents advise, but no more than leave them large enough."""
    return min(COMPRESSED_FILES_PER_NODE * compute_nodes, survey.bytes // SMALL_FILE_BYTES)
