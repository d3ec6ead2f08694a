"""What the user wants to become of the rows that are there."""

import pytest

from airflow_synapse.exceptions import TransferOptionError
from airflow_synapse.load.disposition import WRITE_DISPOSITIONS
from airflow_synapse.transfer.save_mode import SAVE_MODES, WriteChoice


@pytest.mark.parametrize(
    ("save_mode", "write_disposition", "is_new"),
    [
        (None, "append", True),
        ("ErrorIfExists", "append", True),
        ("ignore", "append", True),
        ("append", "append", False),
        ("Overwrite", "replace", False),
    ],
)
def test_a_save_mode_is_a_write_disposition(save_mode, write_disposition, is_new):
    choice = WriteChoice.of(save_mode, None)
    assert (choice.write_disposition, choice.needs_missing_table) == (write_disposition, is_new)
    assert choice.save_mode in SAVE_MODES
    assert choice.write_disposition in WRITE_DISPOSITIONS


def test_a_write_disposition_takes_a_table_that_is_there():
    choice = WriteChoice.of(None, "upsert")
    assert (choice.write_disposition, choice.needs_missing_table) == ("upsert", False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("replace", None), "none of errorifexists, append, overwrite, ignore"), (("append", "append"), "one of them")],
)
def test_what_cannot_be_meant_is_refused(arguments, message):
    with pytest.raises(TransferOptionError, match=message):
        WriteChoice.of(*arguments)
