"""Which files belong together."""

import pytest

from airflow_synapse.rejected_rows.layout import Layout, StoredFile, find_load_folders

FOLDER = "rejects/load/_rejectedrows/20180330-173205"


def found(*names):
    return find_load_folders(StoredFile(name, 1) for name in names)


def pairs(folder):
    """Return the pairs of a folder as prefix, name of the reason file and name of the row file."""

    def name(file):
        return file and file.name.removeprefix(f"{folder.path}/")

    return [(pair.prefix, name(pair.reason_file), name(pair.row_file)) for pair in folder.pairs]


def test_nothing_is_no_folder():
    assert found() == ()


def test_the_files_of_copy_are_paired_by_prefix_whatever_their_case():
    (folder,) = found(*(f"{FOLDER}/{name}" for name in ("QID1_2.Row.Txt", "QID1_1.ROW.TXT", "QID1_1.error.txt")))
    assert (folder.path, folder.layout) == (FOLDER, Layout.COPY)
    assert pairs(folder) == [("QID1_1", "QID1_1.error.txt", "QID1_1.ROW.TXT"), ("QID1_2", None, "QID1_2.Row.Txt")]


@pytest.mark.parametrize(
    "prefix", ["QID123_1_2", "QID7_1_0f8fad5b-d9cb-469f-a165-70867728950e", "ü 1", "x.Row", "in/a"]
)
def test_a_prefix_may_be_anything(prefix):
    (folder,) = found(f"{FOLDER}/{prefix}.Error.Txt", f"{FOLDER}/{prefix}.Row.Txt")
    assert pairs(folder) == [(prefix, f"{prefix}.Error.Txt", f"{prefix}.Row.Txt")]


def test_prefixes_differ_by_their_case():
    (folder,) = found(f"{FOLDER}/a.Error.Txt", f"{FOLDER}/A.Row.Txt")
    assert pairs(folder) == [("A", None, "A.Row.Txt"), ("a", "a.Error.Txt", None)]


def test_the_files_of_polybase_are_paired_without_the_word_reason():
    names = ("QID9_0_1_reason.txt", "QID9_0_1.txt", "QID9_0_2_Reason", "other")
    (folder,) = found(*(f"{FOLDER}/{name}" for name in names))
    assert folder.layout is Layout.POLYBASE
    assert pairs(folder) == [
        ("QID9_0_1.txt", "QID9_0_1_reason.txt", "QID9_0_1.txt"),
        ("QID9_0_2", "QID9_0_2_Reason", None),
    ]
    assert [file.name for file in folder.unknown_files] == [f"{FOLDER}/other"]


def test_error_json_and_the_one_file_beside_it_are_a_pair():
    folder_name = "rejects/_rejectedrows/20210209_134512_559EE7D2-196D-400A-806D-3BF5D007F891"
    (folder,) = found(f"{folder_name}/error.json", f"{folder_name}/row.csv")
    assert (folder.path, folder.layout) == (folder_name, Layout.JSON)
    assert pairs(folder) == [("", "error.json", "row.csv")]


def test_each_statement_of_fabric_has_a_folder_with_error_json_and_a_file():
    names = ("B7/error.Json", "B7/row.csv", "A3/row.csv", "A3/error.Json", "C1/error.Json")
    (folder,) = found(*(f"{FOLDER}/{name}" for name in names))
    assert folder.layout is Layout.JSON
    assert pairs(folder) == [
        ("A3", "A3/error.Json", "A3/row.csv"),
        ("B7", "B7/error.Json", "B7/row.csv"),
        ("C1", "C1/error.Json", None),
    ]


def test_which_of_several_files_belongs_to_error_json_is_not_guessed():
    (folder,) = found(f"{FOLDER}/error.json", f"{FOLDER}/a.csv", f"{FOLDER}/b.csv")
    assert pairs(folder) == [("", "error.json", None)]
    assert len(folder.unknown_files) == 2


def test_folders_of_several_loads_are_told_apart_and_sorted():
    other = "rejects/load/_rejectedrows/20180329-000000"
    assert [folder.path for folder in found(f"{FOLDER}/a.Row.Txt", f"{other}/a.Row.Txt")] == [other, FOLDER]


@pytest.mark.parametrize("time", ["20180330 -173205", "2018-03-30T17:32:05", "today"])
def test_the_name_of_the_folder_may_be_anything(time):
    (folder,) = found(f"rejects/_rejectedrows/{time}/a.Row.Txt")
    assert (folder.path, folder.layout) == (f"rejects/_rejectedrows/{time}", Layout.COPY)


def test_the_innermost_folder_of_rejected_rows_counts():
    inner = f"{FOLDER}/_rejectedrows/20190101-000000"
    assert [folder.path for folder in found(f"{inner}/a.Row.Txt")] == [inner]


@pytest.mark.parametrize(
    "name",
    [
        f"{FOLDER}/note.txt",
        "rejects/_rejectedrows/a.Row.Txt",
        "rejects/20180330-173205/a.Row.Txt",
        "a.Row.Txt",
    ],
)
def test_what_is_not_known_stays_visible(name):
    (folder,) = found(name)
    assert (folder.layout, folder.pairs) == (Layout.UNKNOWN, ())
    assert [file.name for file in folder.files] == [name]
