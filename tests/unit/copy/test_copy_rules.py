"""The rule table: each rule has a source, one case that it lets pass and one that it refuses."""

from decimal import Decimal

import pytest

from airflow_synapse.copy import (
    ColumnName,
    CopyStatement,
    ErrorFile,
    ExternalFileFormat,
    ExternalLocation,
    ManagedIdentity,
    ParquetOptions,
    ServicePrincipal,
    SharedAccessSignature,
    StorageAccountKey,
    TableName,
    build_statement,
    check_identity_column,
)
from airflow_synapse.copy.keywords import OPTIONS
from airflow_synapse.copy.rules import RULES
from airflow_synapse.exceptions import CopyOptionError
from airflow_synapse.secret import Secret

URL = "https://lake.blob.core.windows.net/landing/flights/"
DFS = "https://lake.dfs.core.windows.net/landing/flights/"
REJECTS = "https://archive.blob.core.windows.net/rejects/flights"
LOGIN = "https://login.microsoftonline.com/tenant/oauth2"


APP = "0a1b2c3d-0000-1111-2222-333344445555"


def copy(**given):
    return lambda: build_statement(**{"table": "dbo.flights", "external_locations": URL, **given})


def value(**given):
    """A statement made of values, for what cannot be said in plain arguments."""
    return lambda: CopyStatement(
        **{"target": TableName(name="t"), "external_locations": (ExternalLocation.parse(URL),), **given}
    )


def sas(token):
    return SharedAccessSignature(token=Secret(token))


def principal(client_id, endpoint):
    return ServicePrincipal(client_id=client_id, token_endpoint=endpoint, client_secret=Secret("x"))


def identity(**given):
    return lambda: check_identity_column(copy(**given)(), ColumnName("Id"))


# rule -> (what it lets pass, what it refuses); the two differ in nothing but what the rule is about
CASES = {
    "template": (copy(label="{ ds }"), copy(label="{{ ds }}")),
    "xml-characters": (copy(external_locations=URL + "a\t"), copy(external_locations=URL + "a\x01")),
    "text-characters": (copy(label="a\x01"), copy(label="a\x00")),
    "string-count": (copy(external_locations=[URL] * 20_000), copy(external_locations=[URL] * 20_001)),
    "name-syntax": (copy(table="dbo.[a b]"), copy(table="dbo.a b")),
    "name-parts": (copy(table="a.b.c"), copy(table="a.b.c.d")),
    "name-none": (copy(table="[None]"), copy(table="None")),
    "name-length": (copy(table="#" + "a" * 115), copy(table="#" + "a" * 116)),
    "global-temporary-table": (copy(table="#t"), copy(table="##t")),
    "label-length": (copy(label="x" * 255), copy(label="x" * 256)),
    "location-missing": (copy(external_locations=[URL]), copy(external_locations=[])),
    "location-url": (copy(external_locations=URL), copy(external_locations=URL.replace(".blob.", ".file."))),
    "location-scheme": (copy(external_locations=URL), copy(external_locations=URL.replace("https:", "http:"))),
    "location-query": (copy(external_locations=URL + "a"), copy(external_locations=URL + "a?sv=1&sig=2")),
    "location-container": (copy(external_locations=URL), copy(external_locations=URL.replace("landing", "La"))),
    "location-dns-zone": (
        copy(external_locations=URL),
        copy(external_locations="https://lake.z12.blob.storage.azure.net/landing/"),
    ),
    "location-one-container": (
        copy(external_locations=[URL, DFS]),
        copy(external_locations=[URL, URL.replace("landing", "other")]),
    ),
    "fabric-location": (
        copy(external_locations=DFS),
        copy(external_locations="https://onelake.dfs.fabric.microsoft.com/landing/flights/"),
    ),
    "credential-endpoint": (
        copy(file_type="PARQUET", credential=ManagedIdentity(), external_locations=DFS),
        copy(file_type="PARQUET", credential=ManagedIdentity(), external_locations=URL),
    ),
    "credential-kind": (copy(credential=sas("sv=1")), copy(credential="sv=1")),
    "secret-ascii": (copy(credential=sas("e")), copy(credential=sas("é"))),
    "secret-length": (copy(credential=sas("x" * 4000)), copy(credential=sas("x" * 4001))),
    "secret-space": (copy(credential=sas("x")), copy(credential=sas("x\n"))),
    "sas-token": (copy(credential=sas("?sv=1&sig=2")), copy(credential=sas(URL + "?sv=1&sig=2"))),
    "service-principal-identity": (
        copy(credential=principal(APP, f"{LOGIN}/token")),
        copy(credential=principal(APP, f"{LOGIN}/v2.0/token")),
    ),
    "error-file-directory": (copy(error_file="/rejects"), copy(error_file="rejects")),
    "error-file-type": (
        value(error_file=ErrorFile(directory="/r")),
        value(error_file=ErrorFile(directory="/r"), file_options=ParquetOptions()),
    ),
    "error-file-method": (
        copy(error_file=REJECTS, error_file_credential=sas("x")),
        copy(error_file=REJECTS, error_file_credential=StorageAccountKey(key=Secret("x"))),
    ),
    "error-file-reused-credential": (
        copy(error_file="/rejects", credential=sas("x")),
        copy(error_file="/rejects", credential=StorageAccountKey(key=Secret("x"))),
    ),
    "error-file-ignored-credential": (
        copy(error_file=REJECTS, error_file_credential=sas("x")),
        copy(error_file="/rejects", error_file_credential=sas("x")),
    ),
    "error-file-missing": (
        copy(error_file=REJECTS, error_file_credential=sas("x")),
        copy(error_file_credential=sas("x")),
    ),
    "file-type": (copy(file_type="ORC"), copy(file_type="AVRO")),
    "fabric-file-type": (copy(file_type="CSV"), copy(file_type="jsonl")),
    "file-format-type": (
        copy(file_format="f", file_type="ORC"),
        value(file_options=ExternalFileFormat(name="f", file_type="CSV")),
    ),
    "option-file-type": (copy(file_type="CSV", first_row=2), copy(file_type="ORC", first_row=2)),
    "file-format-compression": (copy(file_format="f"), copy(file_format="f", compression="Snappy")),
    "compression": (copy(file_type="ORC", compression="Snappy"), copy(file_type="ORC", compression="GZIP")),
    "delimiter-hex": (copy(row_terminator="0x0D0A"), copy(row_terminator="0x0D0x0A")),
    "field-quote": (copy(field_quote="0x22"), copy(field_quote='""')),
    "delimiter-length": (copy(field_terminator="x" * 4000), copy(field_terminator="x" * 4001)),
    "delimiter-ascii": (
        copy(field_terminator="§", encoding="UTF16"),
        copy(field_terminator="§", encoding="UTF8"),
    ),
    "row-terminator-escape": (copy(row_terminator="\r\n"), copy(row_terminator=r"\r\n")),
    "first-row": (copy(first_row=1), copy(first_row=0)),
    "date-format": (copy(date_format="dym"), copy(date_format="yyyymmdd")),
    "encoding": (copy(encoding="UTF8"), copy(encoding="UTF-8")),
    "max-errors": (copy(max_errors=2**31 - 1), copy(max_errors=2**31)),
    "field-number": (
        copy(columns=[{"name": "a", "field_number": 1}]),
        copy(columns=[{"name": "a", "field_number": 0}]),
    ),
    "default-value": (
        copy(columns=[{"name": "a", "default": 1.5}]),
        copy(columns=[{"name": "a", "default": float("nan")}]),
    ),
    "column-entry": (copy(columns=[{"name": "a"}]), copy(columns=[{"column": "a"}])),
    "fabric-json-path": (
        copy(columns=[{"name": "a", "field_number": "2"}]),
        copy(columns=[{"name": "a", "field_number": "$.a"}]),
    ),
    "auto-create-file-type": (
        copy(file_type="PARQUET", auto_create_table=True),
        copy(file_type="ORC", auto_create_table=True),
    ),
    "auto-create-columns": (
        copy(file_type="PARQUET", auto_create_table=False, columns=["a"]),
        copy(file_type="PARQUET", auto_create_table=True, columns=["a"]),
    ),
    "auto-create-max-errors": (
        copy(file_type="PARQUET", auto_create_table=False, max_errors=0),
        copy(file_type="PARQUET", auto_create_table=True, max_errors=0),
    ),
    "identity-column-list": (identity(columns=["a"]), identity()),
    "identity-column-listed": (identity(columns=["a"]), identity(columns=["a", "id"])),
    "identity-column-missing": (
        identity(columns=["a", "id"], identity_insert=True),
        identity(columns=["a"], identity_insert=True),
    ),
    "identity-column-default": (
        identity(columns=["id"], identity_insert=True),
        identity(columns=[{"name": "id", "default": 1}], identity_insert=True),
    ),
    "whole-number": (copy(max_errors="5"), copy(max_errors="five")),
    "on-off": (copy(identity_insert="ON"), copy(identity_insert="TRUE")),
    "text": (copy(label="5"), copy(label=5)),
    "unknown-option": (copy(max_errors=5), copy(error_limit=5)),
    "fabric-option": (copy(encoding="UTF8"), copy(parser_version="2.0")),
    "max-degree-hint": (copy(label="x"), copy(maxdop=1)),
}

CLAUSES = {"COPY", "INTO", "FROM", "LABEL", "MAXDOP", "column list"}


def test_every_rule_has_its_two_cases():
    assert list(CASES) == list(RULES)


@pytest.mark.parametrize("code", CASES)
def test_rule_lets_the_accepted_case_pass(code):
    accepted, _ = CASES[code]

    accepted()


@pytest.mark.parametrize("code", CASES)
def test_rule_refuses_the_forbidden_case_and_says_so(code):
    _, forbidden = CASES[code]

    with pytest.raises(CopyOptionError) as caught:
        forbidden()

    error, rule = caught.value, RULES[code]
    assert (error.rule, error.source) == (code, rule.source)
    assert str(error).startswith(f"{error.option} {rule.forbids}")
    assert rule.remedy in str(error)


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_rule_names_an_option_a_remedy_and_a_source(rule):
    assert rule.option in CLAUSES | {option.keyword for option in OPTIONS}
    assert rule.remedy.endswith(".")
    assert rule.source


def refusal(make):
    with pytest.raises(CopyOptionError) as caught:
        make()
    return caught.value.rule, caught.value.option


@pytest.mark.parametrize(
    ("make", "refused"),
    [
        (copy(columns=["{{ name }}"]), ("template", "column list")),
        (copy(columns=[{"name": "a", "default": "{{ ds }}"}]), ("template", "column list")),
        (copy(table="dbo.{{ table }}"), ("template", "INTO")),
        (copy(field_terminator="{% raw %}"), ("template", "FIELDTERMINATOR")),
        (copy(credential=sas("{{ var.value.sas }}")), ("template", "CREDENTIAL")),
        (copy(error_file=REJECTS, error_file_credential=sas("{{ x }}")), ("template", "ERRORFILE_CREDENTIAL")),
        (copy(file_format="[{# x #}]"), ("template", "FILE_FORMAT")),
        (copy(error_file="/a\x01"), ("xml-characters", "ERRORFILE")),
        (copy(credential=sas("a\x01")), ("xml-characters", "CREDENTIAL")),
        (copy(credential=principal(APP, f"{LOGIN}\x01/token")), ("xml-characters", "CREDENTIAL")),
        (copy(field_terminator="\ud800", encoding="UTF16"), ("xml-characters", "FIELDTERMINATOR")),
        (copy(external_locations=URL + "\uffff"), ("xml-characters", "FROM")),
        (copy(table="[a\x00]"), ("text-characters", "INTO")),
        (copy(columns=["[\ud800]"]), ("text-characters", "column list")),
        (copy(columns=[{"name": "a", "default": "\udc00"}]), ("text-characters", "column list")),
        (copy(file_format="[\x00]"), ("text-characters", "FILE_FORMAT")),
        (copy(table="a" * 129), ("name-length", "INTO")),
        (copy(table="[" + "😀" * 65 + "]"), ("name-length", "INTO")),
        (copy(columns=["a" * 129]), ("name-length", "column list")),
        (copy(file_format="a" * 129), ("name-length", "FILE_FORMAT")),
        (copy(file_format="dbo.f"), ("name-syntax", "FILE_FORMAT")),
        (value(target=TableName(name="")), ("name-length", "INTO")),
        (copy(label=""), ("label-length", "LABEL")),
        (copy(field_terminator=""), ("delimiter-length", "FIELDTERMINATOR")),
        (copy(row_terminator=""), ("delimiter-length", "ROWTERMINATOR")),
        (copy(field_quote="§"), ("delimiter-ascii", "FIELDQUOTE")),
        (copy(field_quote="0xA7"), ("delimiter-ascii", "FIELDQUOTE")),
        (copy(row_terminator="日"), ("delimiter-ascii", "ROWTERMINATOR")),
        (copy(field_terminator="0x"), ("delimiter-hex", "FIELDTERMINATOR")),
        (copy(field_quote="0xG"), ("delimiter-hex", "FIELDQUOTE")),
        (copy(field_quote="0x222"), ("field-quote", "FIELDQUOTE")),
        (copy(first_row=2**31), ("first-row", "FIRSTROW")),
        (value(max_errors=-1), ("max-errors", "MAXERRORS")),
        (copy(columns=[{"name": "a", "default": 10**38}]), ("default-value", "column list")),
        (copy(columns=[{"name": "a", "default": Decimal(f"0.{'0' * 38}1")}]), ("default-value", "column list")),
        (copy(columns=[{"name": "a", "default": Decimal("Infinity")}]), ("default-value", "column list")),
        (copy(compression="zip"), ("compression", "COMPRESSION")),
        (copy(compression="Snappy"), ("compression", "COMPRESSION")),
        (copy(file_type="PARQUET", compression="DefaultCodec"), ("compression", "COMPRESSION")),
        (copy(auto_create_table="ON"), ("auto-create-file-type", "AUTO_CREATE_TABLE")),
        (copy(file_format="f", file_type="ORC", auto_create_table=True),
         ("auto-create-file-type", "AUTO_CREATE_TABLE")),
        (copy(file_format="f", file_type="CSV"), ("file-format-type", "FILE_FORMAT")),
        (copy(credential=sas("?")), ("sas-token", "CREDENTIAL")),
        (copy(credential=principal("", f"{LOGIN}/token")), ("service-principal-identity", "CREDENTIAL")),
        (copy(credential=principal(f"{APP}@b", f"{LOGIN}/token")), ("service-principal-identity", "CREDENTIAL")),
        (copy(credential=principal(APP, "tenant")), ("service-principal-identity", "CREDENTIAL")),
        (copy(error_file=REJECTS, error_file_credential=sas("é")), ("secret-ascii", "ERRORFILE_CREDENTIAL")),
    ],
)  # fmt: skip
def test_rule_covers_every_place_that_it_is_about(make, refused):
    assert refusal(make) == refused


@pytest.mark.parametrize("position", [1, 2])
def test_rule_on_locations_covers_each_of_them(position):
    locations = [DFS, DFS, DFS]
    locations[position] = URL

    make = copy(external_locations=locations, file_type="ORC", credential=ManagedIdentity())

    assert refusal(make) == ("credential-endpoint", "CREDENTIAL")


@pytest.mark.parametrize("default", [10**38 - 1, -(10**38) + 1, Decimal(f"-0.{'9' * 38}"), Decimal("1E+37")])
def test_default_of_38_digits_passes(default):
    assert copy(columns=[{"name": "a", "default": default}])().columns[0].default == default


def test_auto_create_table_passes_for_a_file_format_of_unknown_content():
    assert copy(file_format="f", auto_create_table=True)().auto_create_table


@pytest.mark.parametrize("given", [{"identity_insert": True}, {"identity_insert": True, "columns": ["Id", "a"]}])
def test_identity_column_is_taken_from_the_files_when_switched_on(given):
    identity(**given)()


@pytest.mark.parametrize(
    "secret", ["s3ntinelé", "s3ntinel\x01", "s3ntinel ", "s3ntinel{{ x }}", "https://s3ntinel", "s3ntinel" * 501]
)
def test_refused_secret_is_not_shown(secret):
    with pytest.raises(CopyOptionError) as caught:
        copy(credential=sas(secret))()

    assert "s3ntinel" not in str(caught.value)


def test_secret_given_as_client_id_is_refused_and_not_shown():
    with pytest.raises(CopyOptionError) as caught:
        copy(credential=principal("s3ntinel", f"{LOGIN}/token"))()

    assert caught.value.rule == "service-principal-identity"
    assert "s3ntinel" not in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        copy(first_row=2**31 - 1),
        copy(table="a" * 128),
        copy(columns=["#" + "a" * 127]),
        copy(file_format="#" + "a" * 127),
        copy(credential=StorageAccountKey(key=Secret("a://b"))),
    ],
)
def test_rule_lets_the_last_allowed_value_pass(make):
    make()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            copy(file_type="ORC", credential=sas("x"), external_locations=DFS),
            "CREDENTIAL cannot be: a shared access signature for ORC files at lake.dfs.core.windows.net; "
            "it reads them from the .blob endpoint.",
        ),
        (
            copy(file_format="f", credential=ManagedIdentity()),
            "CREDENTIAL cannot be: a managed identity for PARQUET or ORC files at lake.blob.core.windows.net; "
            "it reads them from the .dfs endpoint.",
        ),
        (copy(file_format="f", first_row=2), "FIRSTROW does not apply to this file type: FILE_FORMAT."),
        (copy(file_type="ORC", first_row=2), "FIRSTROW does not apply to this file type: ORC."),
        (copy(row_terminator=r"\r\n"), r"ROWTERMINATOR spells \r\n, which COPY reads as \r\r\n: '\r\n'. Write 0x0D0A"),
        (copy(table="a b" * 40), f"INTO cannot be read as a name: '{('a b' * 40)[:80]}...'. Write table"),
        (copy(date_format="y\nm"), r"DATEFORMAT is not one of the six orders: 'y\nm'. Give mdy"),
    ],
)  # fmt: skip
def test_message_says_what_and_where(make, said):
    with pytest.raises(CopyOptionError) as caught:
        make()

    assert str(caught.value).startswith(said)
