"""Counting the source files while they are listed."""

import itertools

import pytest

from airflow_synapse.load.source_survey import SAMPLE_FILES, SourceFile, SurveyCounter

MB = 1_000_000


def survey(*files):
    counter = SurveyCounter()
    for name, size in files:
        counter.add(SourceFile(name, size))
    return counter.survey()


def test_files_and_bytes_are_counted_with_those_that_are_small():
    found = survey(("a.csv", 1), ("b.csv.gz", 4 * MB - 1), ("c.GZ", 4 * MB), ("d", 256 * MB))
    assert (found.files, found.bytes) == (4, 264 * MB)
    assert (found.small_files, found.small_parquet_files, found.gzip_files) == (2, 3, 2)


def test_no_file_gives_an_empty_survey():
    found = survey()
    assert (found.files, found.bytes, found.sample) == (0, 0, ())


@pytest.mark.parametrize("files", [1, 2, SAMPLE_FILES - 1, SAMPLE_FILES])
def test_few_files_are_all_in_the_sample(files):
    names = [f"{number}" for number in range(files)]
    assert [file.name for file in survey(*((name, 1) for name in names)).sample] == names


@pytest.mark.parametrize("files", [11, 20, 21, 22, 41, 100, 999, 20_001])
def test_the_sample_of_many_has_the_first_the_last_and_others_evenly_between(files):
    numbers = [int(file.name) for file in survey(*((f"{number}", 1) for number in range(files))).sample]
    assert len(set(numbers)) == SAMPLE_FILES
    assert (numbers[0], numbers[-1]) == (0, files - 1)
    gaps = [later - earlier for earlier, later in itertools.pairwise(numbers)]
    assert 0 < max(gaps) <= 2 * files / (SAMPLE_FILES - 1) + 1
