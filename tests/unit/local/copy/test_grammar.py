"""What the pool accepts as a COPY statement, and what it refuses."""

from __future__ import annotations

import pytest

from airflow_synapse.local.copy.grammar import parse_copy
from airflow_synapse.local.copy.request import (
    Compression,
    CopyRequest,
    CsvFormat,
    FileType,
    ListedColumn,
    Location,
    ManagedIdentity,
    ServicePrincipal,
    SharedAccessSignature,
    StorageAccountKey,
)
from airflow_synapse.local.errors import PoolError
from airflow_synapse.local.tsql.tokens import tokenize
from airflow_synapse.secret import Secret

URL = "https://lake.blob.core.windows.net/landing/flights/"
CLIENT = "11111111-2222-3333-4444-555555555555"
ENDPOINT = "https://login.microsoftonline.com/tenant/oauth2/token"


def parse(sql: str) -> CopyRequest:
    return parse_copy(tokenize(sql))


def parse_with(options: str, *, columns: str = "", url: str = URL) -> CopyRequest:
    return parse(f"COPY INTO dbo.t {columns} FROM '{url}' WITH ({options})")


def test_the_shortest_statement_has_the_documented_defaults() -> None:
    assert parse(f"COPY INTO t FROM '{URL}'") == CopyRequest(
        target=("t",), locations=(Location("lake", "blob", "landing", "flights/"),)
    )


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("t", ("t",)),
        ("dbo.t", ("dbo", "t")),
        ("[a.b].[c]]d]", ("a.b", "c]d")),
        ("db.dbo.t", ("db", "dbo", "t")),
        ("db..t", ("db", "", "t")),
        ("#t", ("#t",)),
        ('"a b"', ("a b",)),
    ],
)
def test_a_target_has_one_to_three_parts(name: str, parts: tuple[str, ...]) -> None:
    assert parse(f"COPY INTO {name} FROM '{URL}'").target == parts


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("(a)", [ListedColumn("a")]),
        ("(a, [b c] 3)", [ListedColumn("a"), ListedColumn("b c", field_number=3)]),
        ("(a DEFAULT 'x''y' 1)", [ListedColumn("a", "x'y", True, 1)]),
        ("(a default 1 3)", [ListedColumn("a", "1", True, 3)]),
        ("(a default -1.5)", [ListedColumn("a", "-1.5", True)]),
        ("(a default NULL 2)", [ListedColumn("a", None, True, 2)]),
        ("(a default 0x41)", [ListedColumn("a", "0x41", True)]),
    ],
)
def test_a_column_list_names_defaults_and_field_numbers(columns: str, expected: list[ListedColumn]) -> None:
    assert parse(f"COPY INTO t {columns} FROM '{URL}'").columns == tuple(expected)


@pytest.mark.parametrize(
    ("url", "location"),
    [
        (URL, Location("lake", "blob", "landing", "flights/")),
        ("https://lake.dfs.core.windows.net/landing", Location("lake", "dfs", "landing", "")),
        ("https://lake.blob.core.windows.net/landing/a b/*.csv", Location("lake", "blob", "landing", "a b/*.csv")),
    ],
)
def test_a_location_is_a_url_of_a_container(url: str, location: Location) -> None:
    assert parse(f"COPY INTO t FROM '{url}'").locations == (location,)


def test_many_locations_of_one_container_are_accepted() -> None:
    second = "https://lake.dfs.core.windows.net/landing/b"
    assert [location.path for location in parse(f"COPY INTO t FROM '{URL}', '{second}'").locations] == ["flights/", "b"]


@pytest.mark.parametrize(
    ("options", "attribute", "value"),
    [
        ("FILE_TYPE = 'csv'", "file_type", FileType.CSV),
        ("FILE_TYPE = N'Parquet'", "file_type", FileType.PARQUET),
        ("FILE_TYPE = 'ORC'", "file_type", FileType.ORC),
        ("FILE_FORMAT = [my format]", "file_format", "my format"),
        ("FILE_FORMAT = f", "file_type", None),
        ("FILE_TYPE = 'PARQUET', FILE_FORMAT = f", "file_format", "f"),
        ("MAXERRORS = 10", "max_errors", 10),
        ("MAXERRORS = '10'", "max_errors", 10),
        ("FILE_TYPE = 'PARQUET', MAXERRORS = 10", "max_errors", 10),
        ("COMPRESSION = 'Gzip'", "compression", Compression.GZIP),
        ("COMPRESSION = 'NONE'", "compression", Compression.NONE),
        ("FILE_TYPE = 'ORC', COMPRESSION = 'DefaultCodec'", "compression", Compression.DEFAULT_CODEC),
        ("FILE_TYPE = 'PARQUET', COMPRESSION = 'snappy'", "compression", Compression.SNAPPY),
        ("IDENTITY_INSERT = 'ON'", "identity_insert", True),
        ("IDENTITY_INSERT = 'off'", "identity_insert", False),
        ("FILE_TYPE = 'PARQUET', AUTO_CREATE_TABLE = 'ON'", "auto_create_table", True),
        ("CREDENTIAL = (IDENTITY = 'Managed Identity')", "credential", ManagedIdentity()),
        (
            "CREDENTIAL = (IDENTITY = 'Shared Access Signature', SECRET = '?sv=1&sig=2')",
            "credential",
            SharedAccessSignature(Secret("sv=1&sig=2")),
        ),
        (
            "CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'a2V5')",
            "credential",
            StorageAccountKey(Secret("a2V5")),
        ),
        (
            f"CREDENTIAL = (IDENTITY = '{CLIENT}@{ENDPOINT}', SECRET = 's')",
            "credential",
            ServicePrincipal(CLIENT, ENDPOINT, Secret("s")),
        ),
    ],
)
def test_an_option_is_read(options: str, attribute: str, value: object) -> None:
    assert getattr(parse_with(options), attribute) == value


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("FIELDQUOTE = ''", CsvFormat(quote="")),
        ("FIELDQUOTE = ''''", CsvFormat(quote="'")),
        ("FIELDQUOTE = '0x7C'", CsvFormat(quote="|")),
        ("FIELDTERMINATOR = '|~|'", CsvFormat(field_terminator="|~|")),
        (r"FIELDTERMINATOR = '\t'", CsvFormat(field_terminator="\t")),
        ("FIELDTERMINATOR = '0x01'", CsvFormat(field_terminator="\x01")),
        ("ROWTERMINATOR = '0x0A'", CsvFormat(row_terminators=("\n",))),
        ("ROWTERMINATOR = '0X0D0A'", CsvFormat(row_terminators=("\r\n",))),
        (r"ROWTERMINATOR = '\n'", CsvFormat(row_terminators=("\r\n",))),
        (r"ROWTERMINATOR = '\r\n'", CsvFormat(row_terminators=("\r\r\n",))),
        ("ROWTERMINATOR = '||'", CsvFormat(row_terminators=("||",))),
        ("FIRSTROW = 2", CsvFormat(first_row=2)),
        ("DATEFORMAT = 'YMD'", CsvFormat(date_format="ymd")),
        ("ENCODING = 'utf16'", CsvFormat(encoding="UTF16")),
        ("ENCODING = 'UTF16', FIELDTERMINATOR = '¦'", CsvFormat(encoding="UTF16", field_terminator="¦")),
    ],
)
def test_an_option_of_csv_is_read(options: str, expected: CsvFormat) -> None:
    assert parse_with(options).csv == expected


@pytest.mark.parametrize(
    ("options", "path", "account"),
    [
        ("ERRORFILE = '/rejects'", "rejects", "lake"),
        ("ERRORFILE = 'rejects/today/'", "rejects/today", "lake"),
        ("ERRORFILE = 'https://other.dfs.core.windows.net/errors/a/'", "a", "other"),
        ("ERRORFILE = 'http://other.blob.core.windows.net/errors'", "", "other"),
    ],
)
def test_an_error_file_is_a_full_or_a_relative_path(options: str, path: str, account: str) -> None:
    error_file = parse_with(options).error_file
    assert error_file is not None
    assert (error_file.location.path, error_file.location.account) == (path, account)


_SAS = "(IDENTITY = 'Shared Access Signature', SECRET = 'sas')"
_MANAGED = "(IDENTITY = 'Managed Identity')"


@pytest.mark.parametrize(
    ("options", "credential"),
    [
        (f"ERRORFILE = '/r', CREDENTIAL = {_SAS}", SharedAccessSignature(Secret("sas"))),
        (f"ERRORFILE = '/r', ERRORFILE_CREDENTIAL = {_MANAGED}", None),
        (f"ERRORFILE = '{URL}r', CREDENTIAL = {_SAS}, ERRORFILE_CREDENTIAL = {_MANAGED}", ManagedIdentity()),
        (f"ERRORFILE = '{URL}r', CREDENTIAL = {_SAS}", None),
    ],
)
def test_the_error_file_is_opened_with_the_documented_credential(options: str, credential: object) -> None:
    error_file = parse_with(options).error_file
    assert error_file is not None
    assert error_file.credential == credential


def test_a_label_is_read() -> None:
    assert parse(f"COPY INTO t FROM '{URL}' OPTION (LABEL = 'COPY: [dbo].[t]');").label == "COPY: [dbo].[t]"


_KEY = "(IDENTITY = 'Storage Account Key', SECRET = 'a2V5')"
_BLOB = "https://lake.blob.core.windows.net/landing/f"
_DFS = "https://lake.dfs.core.windows.net/landing/f"


@pytest.mark.parametrize(
    "options",
    [
        "FILE_TYPE = 'JSONL'",
        "FILE_TYPE = CSV",
        "FILE_TYPE = @type",
        "FILE_TYPE = 'PARQUET', FIELDTERMINATOR = ','",
        "FILE_TYPE = 'PARQUET', ERRORFILE = '/r'",
        "FILE_TYPE = 'ORC', FIRSTROW = 2",
        "FILE_TYPE = 'ORC', DATEFORMAT = 'ymd'",
        "FILE_FORMAT = f, ENCODING = 'UTF8'",
        "FILE_FORMAT = 'f'",
        "FILE_FORMAT = f, FILE_TYPE = 'CSV'",
        "FIELDTERMINATOR = ',', FIELDTERMINATOR = ','",
        "MAXERRORS = -1",
        "MAXERRORS = 1.5",
        "MAXERRORS = 2147483648",
        "MAXERRORS = '²'",
        "COMPRESSION = 'Snappy'",
        "COMPRESSION = 'zip'",
        "FILE_TYPE = 'PARQUET', COMPRESSION = 'DefaultCodec'",
        "FILE_TYPE = 'ORC', COMPRESSION = 'GZIP'",
        "FIELDQUOTE = 'ab'",
        "FIELDQUOTE = '0x0A0A'",
        "FIELDQUOTE = '«'",
        "FIELDTERMINATOR = ''",
        "FIELDTERMINATOR = '0xZZ'",
        "FIELDTERMINATOR = '¦'",
        "FIELDTERMINATOR = '\"'",
        "ROWTERMINATOR = '0x0D0x0A'",
        "ROWTERMINATOR = '0x'",
        "ROWTERMINATOR = ','",
        "FIRSTROW = 0",
        "DATEFORMAT = 'yyyy'",
        "ENCODING = 'UTF-8'",
        "IDENTITY_INSERT = 'TRUE'",
        "IDENTITY_INSERT = ON",
        "AUTO_CREATE_TABLE = 'ON'",
        "FILE_TYPE = 'ORC', AUTO_CREATE_TABLE = 'ON'",
        "FILE_TYPE = 'PARQUET', AUTO_CREATE_TABLE = 'ON', MAXERRORS = 0",
        "FILE_TYPE = 'PARQUET', AUTO_CREATE_TABLE = 'YES'",
        "PARSER_VERSION = '2.0'",
        "MATCH_COLUMN_COUNT = ON",
        "TABLOCK",
        "BATCHSIZE = 1",
        "",
        "FILE_TYPE = 'CSV',",
        "FILE_TYPE 'CSV'",
        "ERRORFILE = ''",
        "ERRORFILE = '/'",
        "ERRORFILE = 'https://example.com/r'",
        f"ERRORFILE = '/r', CREDENTIAL = {_KEY}",
        f"ERRORFILE = '{_BLOB}', ERRORFILE_CREDENTIAL = {_KEY}",
        f"ERRORFILE_CREDENTIAL = {_SAS}",
        "CREDENTIAL = ()",
        "CREDENTIAL = (IDENTITY = '')",
        "CREDENTIAL = (IDENTITY = 'Shared Access Signature')",
        "CREDENTIAL = (IDENTITY = 'Shared Access Signature', SECRET = '?')",
        "CREDENTIAL = (IDENTITY = 'Shared Access Signature', SECRET = @sas)",
        "CREDENTIAL = (IDENTITY = 'Shared Access Signature', SECRET = 'sig=ß')",
        "CREDENTIAL = (IDENTITY = 'Managed Identity', SECRET = 'x')",
        "CREDENTIAL = (IDENTITY = 'Service Principal', SECRET = 'x')",
        f"CREDENTIAL = (IDENTITY = '{CLIENT}@{ENDPOINT.replace('oauth2', 'oauth2/v2.0')}', SECRET = 'x')",
        f"CREDENTIAL = (IDENTITY = 'me@{ENDPOINT}', SECRET = 'x')",
        f"CREDENTIAL = (SECRET = 'x', IDENTITY = '{CLIENT}@{ENDPOINT}')",
    ],
)
def test_an_option_that_the_documents_forbid_is_refused(options: str) -> None:
    with pytest.raises(PoolError):
        parse_with(options)


@pytest.mark.parametrize(
    ("options", "url"),
    [
        (f"FILE_TYPE = 'PARQUET', CREDENTIAL = {_SAS}", _DFS),
        (f"FILE_TYPE = 'ORC', CREDENTIAL = {_MANAGED}", _BLOB),
        (f"FILE_FORMAT = f, CREDENTIAL = {_MANAGED}", _BLOB),
    ],
)
def test_parquet_and_orc_need_the_endpoint_of_their_credential(options: str, url: str) -> None:
    with pytest.raises(PoolError, match="endpoint"):
        parse_with(options, url=url)


@pytest.mark.parametrize(
    "sql",
    [
        "COPY INTO t",
        "COPY t FROM 'x'",
        f"COPY INTO a.b.c.d FROM '{URL}'",
        "COPY INTO t FROM ''",
        "COPY INTO t FROM @url",
        "COPY INTO t FROM 'abfss://c@lake.dfs.core.windows.net/x'",
        "COPY INTO t FROM 'http://lake.blob.core.windows.net/c/x'",
        "COPY INTO t FROM 'https://onelake.dfs.fabric.microsoft.com/workspace/x'",
        "COPY INTO t FROM 'https://lake.blob.core.windows.net/'",
        "COPY INTO t FROM 'https://lake.blob.core.windows.net/c/x?sv=1'",
        f"COPY INTO t FROM '{URL}', 'https://other.blob.core.windows.net/landing/x'",
        f"COPY INTO t FROM '{URL}', 'https://lake.blob.core.windows.net/other/x'",
        f"COPY INTO t FROM '{URL}',",
        f"COPY INTO t () FROM '{URL}'",
        f"COPY INTO t (a, A) FROM '{URL}'",
        f"COPY INTO t (a 0) FROM '{URL}'",
        f"COPY INTO t (a 1.5) FROM '{URL}'",
        f"COPY INTO t (a default getdate()) FROM '{URL}'",
        f"COPY INTO t (a default) FROM '{URL}'",
        f"COPY INTO t (a) FROM '{URL}' WITH (FILE_TYPE = 'PARQUET', AUTO_CREATE_TABLE = 'ON')",
        f"COPY INTO t (a '$.path') FROM '{URL}'",
        f"COPY INTO t FROM '{URL}' OPTION (MAXDOP = 1)",
        f"COPY INTO t FROM '{URL}' OPTION (LABEL = 'a', LABEL = 'b')",
        f"COPY INTO t FROM '{URL}' OPTION (LABEL = '{'x' * 256}')",
        f"COPY INTO t FROM '{URL}' SELECT 1",
    ],
)
def test_a_statement_that_the_documents_do_not_describe_is_refused(sql: str) -> None:
    with pytest.raises(PoolError):
        parse(sql)


def test_a_bad_location_has_the_known_number_and_text() -> None:
    with pytest.raises(
        PoolError, match="105200;COPY statement failed because the value for option 'FROM' is invalid"
    ) as caught:
        parse("COPY INTO t FROM 'x'")
    assert caught.value.number == 105208


@pytest.mark.parametrize(
    "credential",
    [
        "(IDENTITY = 'Storage Account Key', SECRET = s3ntinel)",
        "(IDENTITY = 'Storage Account Key', SECRET = [s3ntinel])",
        "(IDENTITY = 'Storage Account Key', s3ntinel = 'x')",
        "(IDENTITY = 's3ntinel', SECRET = 's3ntinel')",
        "(IDENTITY = 'Managed Identity', SECRET = 's3ntinel')",
        "(IDENTITY = 'Storage Account Key' 's3ntinel')",
        f"(IDENTITY = 'Storage Account Key', SECRET = '{'s3ntinel' * 1000}')",
        "(IDENTITY = 'Storage Account Key', SECRET = 's3ntinelß')",
    ],
)
def test_no_message_holds_a_secret(credential: str) -> None:
    with pytest.raises(PoolError) as caught:
        parse_with(f"CREDENTIAL = {credential}")
    assert "s3ntinel" not in str(caught.value)


def test_the_request_shows_no_secret() -> None:
    request = parse_with("CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 's3ntinel')")
    assert "s3ntinel" not in repr(request)
