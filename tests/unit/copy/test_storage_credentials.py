"""Each way into a storage account, by the same five tests, and the table of what each may do."""

from dataclasses import FrozenInstanceError, fields
from itertools import product

import pytest

import airflow_synapse.copy
from airflow_synapse.copy import (
    CopyStatement,
    CsvOptions,
    EntraPassthrough,
    ErrorFile,
    ExternalFileFormat,
    ExternalLocation,
    ManagedIdentity,
    OrcOptions,
    ParquetOptions,
    PublicAccess,
    ServicePrincipal,
    SharedAccessSignature,
    StorageAccountKey,
    StorageCredential,
    TableName,
)
from airflow_synapse.exceptions import CopyOptionError, CredentialError
from airflow_synapse.secret import Secret

TOKEN_ENDPOINT = "https://login.microsoftonline.com/tenant/oauth2/token"
CLIENT_ID = "0a1b2c3d-0000-1111-2222-333344445555"
SENTINEL = "s3ntinel'x"

CREDENTIALS = {
    SharedAccessSignature: (
        SharedAccessSignature(token=Secret(SENTINEL)),
        "(IDENTITY = 'Shared Access Signature', SECRET = 's3ntinel''x')",
    ),
    StorageAccountKey: (
        StorageAccountKey(key=Secret(SENTINEL)),
        "(IDENTITY = 'Storage Account Key', SECRET = 's3ntinel''x')",
    ),
    ManagedIdentity: (ManagedIdentity(), "(IDENTITY = 'Managed Identity')"),
    ServicePrincipal: (
        ServicePrincipal(client_id=CLIENT_ID, token_endpoint=TOKEN_ENDPOINT, client_secret=Secret(SENTINEL)),
        f"(IDENTITY = '{CLIENT_ID}@{TOKEN_ENDPOINT}', SECRET = 's3ntinel''x')",
    ),
    EntraPassthrough: (EntraPassthrough(), None),
    PublicAccess: (PublicAccess(), None),
}
EACH_CREDENTIAL = [pytest.param(*row, id=kind.__name__) for kind, row in CREDENTIALS.items()]

BLOB = "https://lake.blob.core.windows.net/landing/files/"
DFS = "https://lake.dfs.core.windows.net/landing/files/"


def statement(credential, *, url=BLOB, file_options=None, error_file=None):
    return CopyStatement(
        target=TableName.parse("dbo.flights"),
        external_locations=(ExternalLocation.parse(url),),
        credential=credential,
        file_options=file_options,
        error_file=error_file,
    )


def test_every_credential_class_is_tested():
    public = {getattr(airflow_synapse.copy, name) for name in airflow_synapse.copy.__all__}
    kinds = {kind for kind in public if isinstance(kind, type) and issubclass(kind, StorageCredential)}

    assert set(CREDENTIALS) == set(MATRIX) == set(ERROR_FILE_WRITERS) == kinds - {StorageCredential}


@pytest.mark.parametrize(("credential", "clause"), EACH_CREDENTIAL)
def test_credential_in_sql_is_its_documented_clause(credential, clause):
    sql = statement(credential).to_sql()

    assert ("CREDENTIAL" in sql) == (clause is not None)
    assert clause is None or f"CREDENTIAL = {clause}" in sql


@pytest.mark.parametrize(("credential", "clause"), EACH_CREDENTIAL)
def test_credential_in_redacted_sql_shows_no_secret(credential, clause):
    sql = statement(credential).redacted_sql()

    assert "s3ntinel" not in sql
    assert sql == statement(credential).to_sql().replace("s3ntinel''x", "***")


@pytest.mark.parametrize(("credential", "clause"), EACH_CREDENTIAL)
def test_credential_in_repr_shows_no_secret(credential, clause):
    assert "s3ntinel" not in repr(statement(credential))


@pytest.mark.parametrize(("credential", "clause"), EACH_CREDENTIAL)
def test_credential_takes_exactly_its_fields(credential, clause):
    given = {field.name: getattr(credential, field.name) for field in fields(credential)}

    assert type(credential)(**given) == credential
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        type(credential)(**given, password="x")


EACH_FIELD = [
    pytest.param(credential, field.name, id=f"{kind.__name__}-{field.name}")
    for kind, (credential, _) in CREDENTIALS.items()
    for field in fields(credential)
]


@pytest.mark.parametrize(("credential", "missing"), EACH_FIELD)
def test_credential_without_one_of_its_fields_is_refused(credential, missing):
    rest = {field.name: getattr(credential, field.name) for field in fields(credential) if field.name != missing}

    with pytest.raises(TypeError, match=f"missing 1 required keyword-only argument: '{missing}'"):
        type(credential)(**rest)


@pytest.mark.parametrize(("credential", "clause"), EACH_CREDENTIAL)
def test_credential_cannot_be_changed(credential, clause):
    names = [field.name for field in fields(credential)] or ["token"]

    with pytest.raises((FrozenInstanceError, TypeError)):
        setattr(credential, names[0], Secret("other"))


# The table of the reference (2026-05, CREDENTIAL), by what a URL can show: the endpoint, not the kind of account.
BOTH = {"blob", "dfs"}
MATRIX = {
    SharedAccessSignature: {"CSV": BOTH, "PARQUET": {"blob"}, "ORC": {"blob"}},
    StorageAccountKey: {"CSV": BOTH, "PARQUET": BOTH, "ORC": BOTH},
    ManagedIdentity: {"CSV": BOTH, "PARQUET": {"dfs"}, "ORC": {"dfs"}},
    ServicePrincipal: {"CSV": BOTH, "PARQUET": BOTH, "ORC": BOTH},
    EntraPassthrough: {"CSV": BOTH, "PARQUET": BOTH, "ORC": BOTH},
    PublicAccess: {"CSV": BOTH, "PARQUET": BOTH, "ORC": BOTH},
}
FILE_OPTIONS = {
    "CSV": CsvOptions(),
    "default": None,
    "PARQUET": ParquetOptions(),
    "ORC": OrcOptions(),
    "FILE_FORMAT": ExternalFileFormat(name="format"),
    "FILE_FORMAT of ORC": ExternalFileFormat(name="format", file_type="ORC"),
}
ROW = {"default": "CSV", "FILE_FORMAT": "PARQUET", "FILE_FORMAT of ORC": "ORC"}
COMBINATIONS = [
    pytest.param(
        CREDENTIALS[kind][0], FILE_OPTIONS[files], url, endpoint in MATRIX[kind][ROW.get(files, files)],
        id=f"{kind.__name__}-{files}-{endpoint}",
    )
    for kind, files, (endpoint, url) in product(MATRIX, FILE_OPTIONS, {"blob": BLOB, "dfs": DFS}.items())
]  # fmt: skip
ALLOWED = [pytest.param(*case.values[:3], id=case.id) for case in COMBINATIONS if case.values[3]]
FORBIDDEN = [pytest.param(*case.values[:3], id=case.id) for case in COMBINATIONS if not case.values[3]]


@pytest.mark.parametrize(("credential", "file_options", "url"), ALLOWED)
def test_credential_reads_what_the_documented_table_allows(credential, file_options, url):
    assert statement(credential, url=url, file_options=file_options).to_sql()


@pytest.mark.parametrize(("credential", "file_options", "url"), FORBIDDEN)
def test_credential_outside_the_documented_table_is_refused(credential, file_options, url):
    with pytest.raises(CopyOptionError) as caught:
        statement(credential, url=url, file_options=file_options)

    assert caught.value.rule == "credential-endpoint"


ERROR_FILE_WRITERS = {
    SharedAccessSignature: True,
    StorageAccountKey: False,
    ManagedIdentity: True,
    ServicePrincipal: True,
    EntraPassthrough: True,
    PublicAccess: False,
}
MAY_WRITE = [pytest.param(CREDENTIALS[kind][0], id=kind.__name__) for kind, may in ERROR_FILE_WRITERS.items() if may]
MAY_NOT = [pytest.param(CREDENTIALS[kind][0], id=kind.__name__) for kind, may in ERROR_FILE_WRITERS.items() if not may]
REJECTS = "https://archive.blob.core.windows.net/rejects/flights"


@pytest.mark.parametrize("credential", MAY_WRITE)
def test_credential_that_may_write_is_taken_for_the_error_file(credential):
    own = statement(PublicAccess(), error_file=ErrorFile(directory=REJECTS, credential=credential))
    reused = statement(credential, error_file=ErrorFile(directory="/rejects"))

    assert ("ERRORFILE_CREDENTIAL" in own.to_sql()) == (credential.identity is not None)
    assert "ERRORFILE = '/rejects'" in reused.to_sql()


@pytest.mark.parametrize("credential", MAY_NOT)
def test_credential_that_may_not_write_is_refused_for_the_error_file(credential):
    with pytest.raises(CopyOptionError) as caught:
        statement(ManagedIdentity(), error_file=ErrorFile(directory=REJECTS, credential=credential))

    assert caught.value.rule == "error-file-method"
    assert caught.value.option == "ERRORFILE_CREDENTIAL"


@pytest.mark.parametrize("directory", ["/rejects", REJECTS])
@pytest.mark.parametrize("credential", MAY_NOT)
def test_credential_that_may_not_write_is_refused_when_it_is_reused(credential, directory):
    with pytest.raises(CopyOptionError) as caught:
        statement(credential, error_file=ErrorFile(directory=directory))

    assert caught.value.rule == "error-file-reused-credential"


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (SharedAccessSignature, {"token": SENTINEL}),
        (StorageAccountKey, {"key": SENTINEL}),
        (ServicePrincipal, {"client_id": CLIENT_ID, "token_endpoint": TOKEN_ENDPOINT, "client_secret": SENTINEL}),
        (ServicePrincipal, {"client_id": CLIENT_ID, "token_endpoint": TOKEN_ENDPOINT, "client_secret": None}),
    ],
)
def test_a_plain_text_is_no_secret_and_is_not_shown(kind, arguments):
    with pytest.raises(CredentialError, match="is no Secret: write") as caught:
        kind(**arguments)
    assert SENTINEL not in str(caught.value)
