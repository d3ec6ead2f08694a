"""The files of CREATE EXTERNAL TABLE AS SELECT, written to real Azurite a few bytes at a time."""

from __future__ import annotations

import io
import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airflow_synapse.local.catalog.external_objects import FileFormat
from airflow_synapse.local.catalog.model import Column
from airflow_synapse.local.errors import PoolError, StatementCancelled
from airflow_synapse.local.external.export import ParquetExport
from airflow_synapse.local.sql_types import MAX, SqlType

NUMBER = (Column("n", SqlType("int")),)


@pytest.fixture
def cancelled():
    return threading.Event()


@pytest.fixture
def new_export(landing, cancelled):
    def create(*options):
        file_format = FileFormat(1, "f", (("FORMAT_TYPE", "PARQUET"), *options))
        return ParquetExport(landing, "out/", "QID1_20260102_030405", file_format, cancelled)

    return create


def _batches(count):
    return (pa.record_batch([pa.array([number], pa.int32())], names=["0"]) for number in range(count))


def _names(landing):
    return sorted(blob.name for blob in landing.list_blobs())


def test_a_new_file_begins_when_the_one_before_is_full(landing, new_export):
    export = new_export()
    assert export.write(NUMBER, _batches(3), file_bytes=1) == 3
    assert _names(landing) == [f"out/QID1_20260102_030405_{number}.parq" for number in range(3)]
    contents = [landing.download_blob(name).readall() for name in _names(landing)]
    assert [pq.read_table(io.BytesIO(content)).to_pydict() for content in contents] == [{"n": [n]} for n in range(3)]
    assert export.bytes == sum(map(len, contents))


@pytest.mark.parametrize(
    ("codec", "extension", "compression"),
    [("GzipCodec", ".parq.gz", "GZIP"), ("SnappyCodec", ".parq.snappy", "SNAPPY")],
)
def test_the_file_format_compresses(landing, new_export, codec, extension, compression):
    new_export(("DATA_COMPRESSION", f"org.apache.hadoop.io.compress.{codec}")).write(NUMBER, _batches(1))
    (name,) = _names(landing)
    assert name.endswith(f"_0{extension}")
    metadata = pq.ParquetFile(io.BytesIO(landing.download_blob(name).readall())).metadata
    assert metadata.row_group(0).column(0).compression == compression


def test_an_unknown_codec_and_another_format_are_refused(landing, cancelled, new_export):
    with pytest.raises(PoolError, match="DATA_COMPRESSION"):
        new_export(("DATA_COMPRESSION", "org.apache.hadoop.io.compress.DefaultCodec"))
    with pytest.raises(PoolError, match="only to PARQUET"):
        ParquetExport(landing, "", "x", FileFormat(1, "f", (("FORMAT_TYPE", "DELIMITEDTEXT"),)), cancelled)


def test_what_was_written_is_removed_and_other_files_stay(landing, new_export):
    landing.upload_blob("out/other.parq", b"")
    export = new_export()

    def failing():
        yield from _batches(2)
        raise PoolError(8134, "Divide by zero error encountered.")

    with pytest.raises(PoolError, match="Divide"):
        export.write(NUMBER, failing(), file_bytes=1)
    assert len(_names(landing)) == 3
    export.remove()
    assert _names(landing) == ["out/other.parq"]


def test_a_cancelled_statement_writes_no_further_file(landing, new_export, cancelled):
    def then_cancelled():
        yield from _batches(1)
        cancelled.set()
        yield from _batches(1)

    with pytest.raises(StatementCancelled):
        new_export().write(NUMBER, then_cancelled(), file_bytes=1)
    assert len(_names(landing)) == 1


def test_a_value_of_more_than_1_mb_is_refused(new_export):
    text = (Column("t", SqlType("nvarchar", MAX)),)
    fits = pa.record_batch([pa.array(["x" * 2**20])], names=["0"])
    assert new_export().write(text, iter([fits])) == 1
    with pytest.raises(PoolError, match="1 MB"):
        new_export().write(text, iter([pa.record_batch([pa.array(["x" * (2**20 + 1)])], names=["0"])]))
