"""The rejected rows themselves, each with its reason, one after the other.

Assumption: A ``.Row.Txt`` file holds one rejected row a line, and line N of the ``.Error.Txt`` file with the same
prefix says why row N was rejected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from airflow_synapse.rejected_rows.error_json import read_reasons
from airflow_synapse.rejected_rows.layout import Layout, LoadFolder, RejectedPair, StoredFile
from airflow_synapse.rejected_rows.reasons import Reason
from airflow_synapse.rejected_rows.text import LINE_BYTES, TextReader, line_text

#: Opens a file: yields its bytes in pieces of any size.
OpenFile = Callable[[StoredFile], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """One row that a load left out.

    :param folder: :attr:`LoadFolder.path` of the load.
    :param prefix: :attr:`RejectedPair.prefix` of its files.
    :param number: Which row of its pair it is, from 1.
    :param reason: Why it was rejected; None where no file says so.
    :param source_file: File that the row comes from; None where the reason does not name one.
    :param source_row: Row in that file, as the pool counts; None where the reason does not name one.
    :param raw: The row, without its terminator. None where the files do not hold it.
    :param is_cut: Whether the row or its reason is longer than :data:`~airflow_synapse.rejected_rows.text.LINE_BYTES`,
        and ends there.
    """

    folder: str
    prefix: str
    number: int
    reason: str | None
    source_file: str | None
    source_row: int | None
    raw: str | None
    is_cut: bool = False


def read_rejected_rows(folders: Iterable[LoadFolder], open_file: OpenFile) -> Iterator[RejectedRow]:
    """Yield all rejected rows, in constant memory. Bytes that are no text become U+FFFD.

    :param folders: From :func:`~airflow_synapse.rejected_rows.layout.find_load_folders`.
    :param open_file: Opens one of their files. Both files of a pair are open at the same time.
    """
    for folder in folders:
        for pair in folder.pairs:
            reasons = read_pair_reasons(folder, TextReader(open_file(pair.reason_file))) if pair.reason_file else ()
            rows = TextReader(open_file(pair.row_file)).lines() if pair.row_file else ()
            yield from pair_rows(folder, pair, reasons, rows)


def read_pair_reasons(folder: LoadFolder, text: TextReader) -> Iterator[Reason]:
    """Yield the reasons of a reason file of a folder."""
    return read_reasons(text) if folder.layout is Layout.JSON else map(Reason.parse, text.lines())


def pair_rows(
    folder: LoadFolder, pair: RejectedPair, reasons: Iterable[Reason], rows: Iterable[bytes]
) -> Iterator[RejectedRow]:
    """Yield the rows of a pair, each with the reason at the same place."""
    for number, (reason, raw) in enumerate(zip_longest(reasons, rows), start=1):
        yield RejectedRow(
            folder=folder.path,
            prefix=pair.prefix,
            number=number,
            reason=reason.text if reason else None,
            source_file=reason.source_file if reason else None,
            source_row=reason.source_row if reason else None,
            raw=None if raw is None else line_text(raw),
            is_cut=bool(reason and reason.is_cut) or len(raw or b"") > LINE_BYTES,
        )
