"""Describe operators, sensors and triggers by their docstrings: ``python docs/operator_arguments.py``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping

from airflow_synapse.operators.copy import SynapseCopyOperator
from airflow_synapse.operators.rejected_rows_to_files import RejectedRowsToFilesOperator
from airflow_synapse.operators.rejected_rows_to_table import RejectedRowsToTableOperator
from airflow_synapse.operators.spark_to_sql_pool import SparkToSqlPoolOperator
from airflow_synapse.operators.spark_transfer import SparkTransferOperator
from airflow_synapse.operators.sql_pool_to_spark import SqlPoolToSparkOperator
from airflow_synapse.sensors.rejected_rows import SynapseRejectedRowsSensor
from airflow_synapse.triggers.rejected_rows import RejectedRowsTrigger

#: Classes that users write into their DAGs, and the base whose arguments two of them share.
DESCRIBED: tuple[type, ...] = (
    SynapseCopyOperator,
    SynapseRejectedRowsSensor,
    RejectedRowsTrigger,
    RejectedRowsToTableOperator,
    RejectedRowsToFilesOperator,
    SparkToSqlPoolOperator,
    SqlPoolToSparkOperator,
    SparkTransferOperator,
)
_TITLE = "# Operators, sensors and triggers"
_INTRODUCTION = (
    "Made by docs/generate.py from the constructors and their docstrings. Beside these arguments each operator and "
    "sensor takes those of Airflow's own base class."
)
_TEMPLATED = " (templated)"


def as_markdown() -> str:
    """Return the page."""
    return "\n\n".join([_TITLE, _INTRODUCTION, *map(_section, DESCRIBED)])


def arguments(described: type) -> Mapping[str, inspect.Parameter]:
    """Return the arguments that a class itself takes, by name."""
    parameters = inspect.signature(described.__init__).parameters.values()
    return {each.name: each for each in parameters if each.kind == inspect.Parameter.KEYWORD_ONLY}


def descriptions(described: type) -> Mapping[str, str]:
    """Return what the docstring of a class says of each argument, in one line."""
    fields = re.findall(r"^:param (\w+): (.*?)(?=^:|\Z)", _docstring(described), re.MULTILINE | re.DOTALL)
    return {name: " ".join(text.split()) for name, text in fields}


def is_templated(described: type, argument: str) -> bool:
    """Say whether Airflow renders an argument."""
    return argument in getattr(described, "template_fields", ())


def _section(described: type) -> str:
    said = descriptions(described)
    rows = [
        (f"`{name}`", _default(parameter), "yes" if is_templated(described, name) else "", _cell(said[name]))
        for name, parameter in arguments(described).items()
    ]
    table = [("Argument", "Default", "Templated", ""), ("---",) * 4, *rows]
    lines = ("| " + " | ".join(row) + " |" for row in table)
    return f"## {described.__name__}\n\n{_text(described)}\n\n" + "\n".join(lines)


def _docstring(described: type) -> str:
    return inspect.cleandoc(described.__doc__ or "")


def _text(described: type) -> str:
    """Return what the docstring says before its fields."""
    text = re.split(r"^:(?:param|raises)\b", _docstring(described), maxsplit=1, flags=re.MULTILINE)[0]
    paragraphs = text.strip().split("\n\n")
    return "\n\n".join(f"```\n{each}\n```" if each.startswith("===") else _markdown(each) for each in paragraphs)


def _default(parameter: inspect.Parameter) -> str:
    if parameter.default is inspect.Parameter.empty:
        return "needed"
    # That of Airflow's settings is known only where the DAG runs.
    return "Airflow's" if parameter.name == "deferrable" else f"`{parameter.default!r}`"


def _cell(text: str) -> str:
    return _markdown(text.replace(_TEMPLATED, "")).replace("|", r"\|")


def _markdown(text: str) -> str:
    """Return Markdown for the reStructuredText that docstrings use."""
    text = re.sub(r":\w+:`~[\w.]*?(\w+)`", r"`\1`", text)
    text = re.sub(r":\w+:`([\w.]+)`", r"`\1`", text)
    return text.replace("``", "`")


if __name__ == "__main__":
    print(as_markdown())  # noqa: T201 - its purpose
