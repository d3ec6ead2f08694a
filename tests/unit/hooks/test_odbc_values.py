"""What the driver hands over of a type that pyodbc does not know."""

import struct
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from airflow_synapse.hooks.odbc_values import add_converters


@pytest.mark.parametrize(("hours", "minutes"), [(5, 30), (-3, -30), (0, 0)])
def test_a_datetimeoffset_keeps_its_zone(hours, minutes):
    converters = {}
    add_converters(SimpleNamespace(add_output_converter=converters.__setitem__))
    found = converters[-155](struct.pack("<6hI2h", 2013, 1, 31, 23, 59, 58, 123456700, hours, minutes))
    offset = timedelta(hours=hours, minutes=minutes)
    assert (found, found.utcoffset()) == (datetime(2013, 1, 31, 23, 59, 58, 123456, timezone(offset)), offset)
