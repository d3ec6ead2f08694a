"""Files of rejected rows in memory."""

import pytest

from airflow_synapse.rejected_rows.layout import StoredFile, find_load_folders


@pytest.fixture
def stored():
    """Make load folders and a function that opens their files: ``stored({"QID1.Row.Txt": b"1"}, piece=3)``."""

    def make(files, folder="load/_rejectedrows/20260131-000000", piece=7):
        contents = {f"{folder}/{name}": content for name, content in files.items()}
        folders = find_load_folders(StoredFile(name, len(content)) for name, content in contents.items())

        def open_file(file):
            content = contents[file.name]
            return (content[start : start + piece] for start in range(0, len(content), piece))

        return folders, open_file

    return make
