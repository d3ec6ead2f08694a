import gzip

from airflow_synapse.local.copy.csv_stream import rows_to_load
from airflow_synapse.local.copy.request import CsvFormat


def decompressed(content):
    return sum(len(text) for text in rows_to_load(iter([content]), "flights.csv.gz", CsvFormat(), None))


def test_members_of_a_gzip_file_are_read_one_after_the_other():
    assert decompressed(gzip.compress(b"1\n") + gzip.compress(b"22\n")) == len(b"1\n22\n")


def test_member_that_is_read_in_several_steps_may_be_followed_by_another():
    text = b"2013,EWR\n" * 1_000_000

    assert decompressed(gzip.compress(text) * 3) == 3 * len(text)
