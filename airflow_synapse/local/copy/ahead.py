"""Work on the next item while the present one is used."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

_T = TypeVar("_T")
_END: Final = object()


def run_ahead(items: Iterator[_T]) -> Iterator[_T]:
    """Yield ``items``, each made by another thread while the one before is used.

    Arrow and DuckDB work without Python's lock: cutting and converting one part takes little from inserting another.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="copy-ahead") as thread:
        following = thread.submit(next, items, _END)
        while (item := following.result()) is not _END:
            following = thread.submit(next, items, _END)
            yield item  # type: ignore[misc]  # next() returns an item or the mark of the end
