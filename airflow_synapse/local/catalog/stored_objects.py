"""Objects that the catalog keeps by type and name, and their text in the DuckDB file."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final, TypeVar

from airflow_synapse.local.catalog.external_objects import DataSource, FileFormat, MasterKey, ScopedCredential
from airflow_synapse.local.catalog.principals import Permission, Principal, RoleMember
from airflow_synapse.secret import Secret

NamedObject = MasterKey | ScopedCredential | DataSource | FileFormat | Principal | Permission | RoleMember
AnyNamed = TypeVar("AnyNamed", MasterKey, ScopedCredential, DataSource, FileFormat, Principal, Permission, RoleMember)
_KINDS: Final[dict[str, type[NamedObject]]] = {
    "master_key": MasterKey,
    "credential": ScopedCredential,
    "data_source": DataSource,
    "file_format": FileFormat,
    "principal": Principal,
    "permission": Permission,
    "role_member": RoleMember,
}


def kind_of(found: NamedObject) -> str:
    """Return the word under which objects of that type are stored."""
    return next(kind for kind, stored in _KINDS.items() if stored is type(found))


def is_named_object(kind: str) -> bool:
    """Return whether objects of this module are stored under that word."""
    return kind in _KINDS


def object_to_text(found: NamedObject) -> str:
    """Return the object as JSON. A secret is in it: the text goes into the DuckDB file alone."""
    return json.dumps(asdict(found), default=_plain)


def _plain(value: object) -> str:
    return value.reveal() if isinstance(value, Secret) else str(value)


def object_from_text(kind: str, text: str) -> NamedObject:
    """Return the object that :func:`object_to_text` wrote."""
    document: dict[str, Any] = json.loads(text)
    for name in {"created", "modified"} & set(document):
        document[name] = datetime.fromisoformat(document[name])
    if document.get("secret") is not None:
        document["secret"] = Secret(document["secret"])
    if "options" in document:
        document["options"] = tuple((name, value) for name, value in document["options"])
    return _KINDS[kind](**document)
