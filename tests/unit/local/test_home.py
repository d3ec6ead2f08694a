from pathlib import Path

from airflow_synapse.local.home import default_home, locked, stored_secret


def test_default_home_is_the_folder_that_the_environment_names(monkeypatch, tmp_path):
    monkeypatch.setenv("AIRFLOW_SYNAPSE_LOCAL_HOME", str(tmp_path))

    assert default_home() == tmp_path


def test_default_home_is_in_the_cache_of_the_user(monkeypatch):
    monkeypatch.delenv("AIRFLOW_SYNAPSE_LOCAL_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")

    assert default_home() == Path("/cache/airflow-synapse-local")


def test_stored_secret_is_made_once_and_readable_by_its_owner_only(tmp_path):
    made = stored_secret(tmp_path / "secret")

    assert len(made.reveal()) > 20
    assert stored_secret(tmp_path / "secret").reveal() == made.reveal()
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_lock_that_is_held_is_not_given_again(tmp_path):
    with locked(tmp_path / "lock", wait=False) as first, locked(tmp_path / "lock", wait=False) as second:
        assert (first, second) == (True, False)


def test_lock_is_free_after_its_holder(tmp_path):
    with locked(tmp_path / "lock", wait=False):
        pass

    with locked(tmp_path / "lock", wait=False) as got:
        assert got
