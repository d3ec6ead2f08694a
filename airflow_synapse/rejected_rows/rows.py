"""The rejected rows themselves, each with its reason, one after the other.

Assumption: Where a ``.Row.Txt`` file has as many lines as the ``.Error.Txt`` file with the same prefix, each line is a
rejected row, and line N of the other file says why row N was rejected.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from airflow_synapse.rejected_rows.error_json import read_reasons
from airflow_synapse.rejected_rows.layout import Layout, LoadFolder, RejectedPair, StoredFile
from airflow_synapse.rejected_rows.reasons import Reason
from airflow_synapse.rejected_rows.text import LINE_BYTES, TextReader, count_lines, line_text

log: Final = logging.getLogger(__name__)

#: Opens a file: yields its bytes in pieces of any size.
OpenFile = Callable[[StoredFile], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """One row that a load left out; a reason or a line of a row file alone, where nothing says which belong together.

    :param folder: :attr:`LoadFolder.path` of the load.
    :param prefix: :attr:`RejectedPair.prefix` of its files.
    :param number: Which row of its pair it is, from 1; which line of its file, where it stands alone.
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

    A pair whose files have other numbers of lines gives its rows without reasons, and then its reasons without rows:
    a row with a line feed in quotes takes two lines, and a wrong reason is worse than none.

    :param folders: From :func:`~airflow_synapse.rejected_rows.layout.find_load_folders`.
    :param open_file: Opens one of their files. Both files of a pair are open at the same time.
    """
    for folder in folders:
        for pair in folder.pairs:
            if _is_aligned(folder, pair, open_file):
                yield from pair_rows(folder, pair, _reasons(folder, pair, open_file), _rows(pair, open_file))
            else:
                yield from pair_rows(folder, pair, (), _rows(pair, open_file))
                yield from pair_rows(folder, pair, _reasons(folder, pair, open_file), ())


def _is_aligned(folder: LoadFolder, pair: RejectedPair, open_file: OpenFile) -> bool:
    """Say whether the rows of a pair can have reasons: whether they are as many, or one of the files is missing."""
    if pair.reason_file is None or pair.row_file is None:
        return True
    reasons = sum(1 for _ in _reasons(folder, pair, open_file))
    rows = sum(map(count_lines, TextReader(open_file(pair.row_file)).blocks()))
    if reasons != rows:
        log.warning(
            "%s/%s has %d reasons for %d lines of rows: they stay apart.", folder.path, pair.prefix, reasons, rows
        )
    return reasons == rows


def _reasons(folder: LoadFolder, pair: RejectedPair, open_file: OpenFile) -> Iterable[Reason]:
    return read_pair_reasons(folder, TextReader(open_file(pair.reason_file))) if pair.reason_file else ()


def _rows(pair: RejectedPair, open_file: OpenFile) -> Iterable[bytes]:
    return TextReader(open_file(pair.row_file)).lines() if pair.row_file else ()


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
