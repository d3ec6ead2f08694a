"""Look at the source files before a load: is there anything, is it well cut, does it fit the table.

A storage hook surveys the files, with one listing for each location. What is known then is checked here, with at most
two small queries, that for the pool's size only where its answer matters.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from airflow_synapse.copy.identifiers import ColumnName
from airflow_synapse.copy.location import ExternalLocation
from airflow_synapse.copy.rules import check_identity_column
from airflow_synapse.copy.statement import CopyStatement
from airflow_synapse.exceptions import CopyOptionError, NoSourceFilesError, SourceFilesError, SqlError
from airflow_synapse.load.compute_size import SERVICE_OBJECTIVE, compute_nodes
from airflow_synapse.load.disposition import LoadOptions
from airflow_synapse.load.guidance import asks_for_compute_nodes, compressed_csv_files, warnings
from airflow_synapse.load.source_survey import SourceSurvey
from airflow_synapse.schema.catalog import TableColumn, columns_query
from airflow_synapse.schema.compatibility import ColumnFinding, compare

OnEmpty = Literal["fail", "skip", "succeed"]
ON_EMPTY: Final[tuple[OnEmpty, ...]] = ("fail", "skip", "succeed")

#: Findings that are shown; a table of a thousand wrong columns needs no thousand lines.
_MOST_FINDINGS: Final = 10

log: Final = logging.getLogger(__name__)


class Queries(Protocol):
    """A session of the pool, as far as a preflight needs it."""

    def fetch(self, sql: str, *parameters: object) -> Sequence[Sequence[Any]]:
        """Run a query and return its rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """What is known of the source files before a load.

    :param files: Number of files.
    :param bytes: Their size as they are stored; what a percentage of progress refers to.
    :param is_plain_text: Whether all files are CSV that is not compressed.
    :param warnings: What makes the load slow, or may make it fail; a sentence or two each.
    :param problems: What makes the load fail.
    """

    files: int
    bytes: int
    is_plain_text: bool = False
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def raise_for_problems(self) -> None:
        """Raise when there is a problem.

        :raises SourceFilesError: With all of them; not retryable.
        """
        if self.problems:
            raise SourceFilesError(
                "The files do not fit the table:\n" + "\n".join(f"- {text}" for text in self.problems)
            )


def check_on_empty(value: str) -> OnEmpty:
    """Return what to do when there is no file.

    :raises CopyOptionError: It is none of :data:`ON_EMPTY`.
    """
    for choice in ON_EMPTY:
        if choice == value:
            return choice
    raise CopyOptionError(f"on_empty is {value!r}, which is none of {', '.join(ON_EMPTY)}.")


def no_files(locations: Sequence[ExternalLocation]) -> NoSourceFilesError:
    """Return the error for locations that stand for no file; its text also says why a load is skipped."""
    return NoSourceFilesError(
        f"There is no file to load in {', '.join(map(str, locations))}. Names are matched with their case; names that "
        "begin with _ or . are left out."
    )


def target_columns(session: Queries, statement: CopyStatement) -> tuple[TableColumn, ...]:
    """Return the columns of the target; none where it is missing, or where the pool does not tell."""
    return TableColumn.from_rows(_ask(session, columns_query(statement.target)))


def check_columns(statement: CopyStatement, options: LoadOptions, table_columns: Sequence[TableColumn]) -> None:
    """Check the column list, and the columns that other arguments name, against the columns of the target.

    :param table_columns: Empty where there is no table yet, or they are not known: then nothing is checked.
    :raises CopyOptionError: One is a column that the table has not, or the list breaks a rule ``identity-column-*``.
    """
    known = {column.name.casefold() for column in table_columns}
    named = {"columns": [column.name for column in statement.columns], **options.named_columns}
    for argument, names in named.items():
        unknown = [name for name in names if known and name.name.casefold() not in known]
        if unknown:
            raise CopyOptionError(
                f"{argument} names {', '.join(map(str, unknown))}, which {statement.target} has not; its columns are "
                f"{', '.join(column.name for column in table_columns)}."
            )
    # With AUTO_CREATE_TABLE there can be no column list, and what COPY makes of an identity column is not documented.
    for column in table_columns:
        if column.is_identity and not statement.auto_create_table:
            check_identity_column(statement, ColumnName(column.name))


def run_preflight(
    session: Queries, survey: SourceSurvey, statement: CopyStatement, table_columns: Sequence[TableColumn] = ()
) -> Preflight:
    """Check the files that were found, with the pool's help.

    What the pool does not tell (a login may not see its views) is not checked.

    :param survey: At least one file.
    :param table_columns: As :func:`target_columns` returns them.
    """
    nodes = None
    if asks_for_compute_nodes(survey, statement):
        nodes = compute_nodes(_ask(session, SERVICE_OBJECTIVE))
    return check_sources(survey, statement, table_columns=table_columns, nodes=nodes)


def check_sources(
    survey: SourceSurvey,
    statement: CopyStatement,
    *,
    table_columns: Sequence[TableColumn] = (),
    nodes: int | None = None,
) -> Preflight:
    """Return what there is to say of the files.

    :param table_columns: Columns of the target; empty where there is no table yet, or they are not known.
    :param nodes: Compute nodes of the pool; None where they are not known.
    """
    findings = _column_findings(survey, statement, table_columns) if table_columns else {}
    # With AUTO_CREATE_TABLE, COPY finds out the schema by itself: its types are not documented.
    may_fail = not statement.auto_create_table
    return Preflight(
        files=survey.files,
        bytes=survey.bytes,
        is_plain_text=statement.file_type == "CSV" and not compressed_csv_files(survey, statement),
        warnings=(
            *warnings(survey, statement, nodes),
            *_sentences(survey, statement, findings, fatal=False),
            *(() if may_fail else _sentences(survey, statement, findings, fatal=True)),
        ),
        problems=tuple(_sentences(survey, statement, findings, fatal=True)) if may_fail else (),
    )


def _column_findings(
    survey: SourceSurvey, statement: CopyStatement, table_columns: Sequence[TableColumn]
) -> dict[ColumnFinding, list[str]]:
    """Return each finding with the files that it is about: the files of a load mostly share their schema."""
    findings: dict[ColumnFinding, list[str]] = {}
    for file in survey.parquet_files:
        for finding in compare(file, table_columns, statement.columns):
            findings.setdefault(finding, []).append(file.name)
    return findings


def _sentences(
    survey: SourceSurvey, statement: CopyStatement, findings: dict[ColumnFinding, list[str]], *, fatal: bool
) -> Iterator[str]:
    chosen = [(finding, files) for finding, files in findings.items() if finding.is_fatal is fatal]
    for finding, files in chosen[:_MOST_FINDINGS]:
        others = f" ({len(files)} of the {len(survey.parquet_files)} files looked into)" if len(files) > 1 else ""
        yield f"{files[0]}{others}, for {statement.target}: {finding.message}."
    if len(chosen) > _MOST_FINDINGS:
        yield f"... and {len(chosen) - _MOST_FINDINGS} more of this kind."


def _ask(session: Queries, sql: str) -> Sequence[Sequence[Any]]:
    try:
        return session.fetch(sql)
    except SqlError as error:
        log.debug("Nothing is checked that needs this query: %s", error)
        return ()
