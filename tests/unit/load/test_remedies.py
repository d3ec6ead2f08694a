"""What a message tells the user to do."""

import pytest

from airflow_synapse.load.remedies import REMEDIES, find_remedy


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ("... is paused. (42108) (SQLDriverConnect)", "Resume the SQL pool"),
        ("Cannot connect to database when it is paused. (40892) (SQLDriverConnect)", "Resume the SQL pool"),
        ("The SQL pool is warming up. (42109) (SQLDriverConnect)", "few minutes"),
        ("Login failed for user 'x'. (18456) (SQLDriverConnect)", "Check the login"),
        ("Cannot open database (4060) (SQLDriverConnect)", "Schema field"),
        ("Client with IP address is not allowed. (40615) (SQLDriverConnect)", "network rules"),
        ("Managed Service Identity has not been enabled on this server. Please enable", "AssignIdentity"),
        ("Managed Service Identity isn't enabled on this server", "AssignIdentity"),
        ("You do not have ADMINISTER DATABASE BULK OPERATIONS permission", "Grant them"),
        ("The INSERT permission was denied on the object", "Grant them"),
        ("failed with the following error when validating value of option 'FROM': '105200;...'", "DNS zone endpoint"),
        ("The remote server returned an error: (403) Forbidden.", "READ and LIST"),
        ("The remote server returned an error: (401) Unauthorized.", "READ and LIST"),
        ("HdfsBridge::recordReaderFillBuffer - ClassCastException: class java.lang.Long", "another type"),
        ("HdfsBridge::CreateRecordReader - ConnectException: Connection timed out", "resource class"),
        ("HdfsBridge::CreateRecordReader - row too wide", "1 MB"),
        ("Data exfiltration to 'x' is blocked. Add destination to allowed list", "allowed list"),
        ("Cannot bulk load. The file does not exist or you don't have file access rights.", "may read and list"),
        ("Unable to allocate 1 KB for columnstore compression (35386) (SQLExecDirectW)", "resource class"),
        ("Could not allocate space in 'PRIMARY' filegroup", "tempdb"),
        ("the maximum reject threshold (0 rows) was reached (107090) (SQLExecDirectW)", "rejected rows"),
        ("Bulk load failed due to invalid column value in CSV data file", "rejected rows"),
    ],
)
def test_a_known_error_says_what_to_do(message, advice):
    assert advice in find_remedy(message)


def test_an_unknown_error_gets_no_invented_advice():
    assert not find_remedy("Invalid object name 'dbo.nope'. (208) (SQLExecDirectW)")


@pytest.mark.parametrize("remedy", REMEDIES, ids=lambda remedy: remedy.advice[:30])
def test_every_remedy_names_its_source(remedy):
    assert remedy.source
