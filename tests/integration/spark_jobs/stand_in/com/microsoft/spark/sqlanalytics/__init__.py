"""Stand-in for the connector of the Synapse runtime: Spark's writer learns synapsesql(), which notes what it is told.

The note and the rows go to the temporary folder of the call.
"""

import json
from pathlib import Path

from com.microsoft.spark.sqlanalytics.Constants import Constants
from pyspark.sql import DataFrameWriter

_option, _mode = DataFrameWriter.option, DataFrameWriter.mode


def option(self, key, value):
    vars(self).setdefault("noted", {})[key] = value
    return _option(self, key, value)


def mode(self, save_mode):
    vars(self).setdefault("noted", {})["mode"] = save_mode
    return _mode(self, save_mode)


def synapsesql(self, table_name, table_type=Constants.INTERNAL, location=None):
    folder = Path(self.noted[Constants.TEMP_FOLDER])
    call = {**self.noted, "table_name": table_name, "table_type": table_type, "location": location}
    (folder / "call.json").write_text(json.dumps(call))
    if table_name.endswith(".broken"):
        raise ValueError("the connector failed")
    self._df.coalesce(1).write.parquet(f"file://{folder}/rows")


DataFrameWriter.option, DataFrameWriter.mode, DataFrameWriter.synapsesql = option, mode, synapsesql
