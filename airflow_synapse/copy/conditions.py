"""What the rules look for: each function finds what breaks one rule in a statement.

A finding shows the offending value, never a secret, and may name a closer option than its rule does.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from airflow_synapse.copy.keywords import DATE_FORMATS, ENCODINGS, LARGEST_INTEGER
from airflow_synapse.copy.literals import code_units, delimiter_text, holds_template, is_text, is_xml_text

if TYPE_CHECKING:
    from airflow_synapse.copy.statement import CopyStatement

#: From here on a text may be a secret: a query string, what follows user and password in a URL, a named secret.
_MAYBE_SECRET: Final = re.compile(r"\?|:[^:/@]*@|(?:sig|signature|key|token|secret|password|pwd)=", re.IGNORECASE)
_SPELLED_HEX: Final = re.compile(r"0[xX]")
_HEX: Final = re.compile(r"0[xX][0-9a-fA-F]+")
_APPLICATION: Final = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}@https://[^\s@/]+/[^\s@]+/oauth2/token", re.IGNORECASE
)
_LONGEST_DELIMITER: Final = 4000
_LONGEST_SECRET: Final = 4000
_LONGEST_NAME: Final = 128
_LONGEST_TEMPORARY_NAME: Final = 116
_LONGEST_LABEL: Final = 255
_MOST_STRINGS: Final = 20_000
_MOST_DIGITS: Final = 38


class Finding(NamedTuple):
    """One value that breaks a rule.

    :param shown: The value as a message may show it; empty to show nothing.
    :param option: T-SQL keyword or clause; None for the rule's own.
    """

    shown: str = ""
    option: str | None = None


def show(text: str) -> str:
    """Return ``text`` as a message may show it: on one line, short, and cut where a secret may start."""
    head = _MAYBE_SECRET.split(text, maxsplit=1)[0]
    shortened = head if len(head) <= 80 else head[:80] + "..."
    return repr(shortened)


# --- every text of a statement -------------------------------------------------------------------------------------


def _names(statement: CopyStatement) -> Iterator[tuple[str, str]]:
    """Yield each identifier with the clause it stands in."""
    for part in statement.target.parts:
        yield "INTO", part
    for column in statement.columns:
        yield "column list", column.name.name
    if statement.file_format is not None:
        yield "FILE_FORMAT", statement.file_format.name


def _delimiters(statement: CopyStatement) -> Iterator[tuple[str, str]]:
    """Yield each given delimiter, as it will be written, with its option."""
    csv = statement.csv
    if csv is not None:
        given = {
            "FIELDQUOTE": csv.field_quote,
            "FIELDTERMINATOR": csv.field_terminator,
            "ROWTERMINATOR": csv.row_terminator,
        }
        yield from ((option, delimiter_text(text)) for option, text in given.items() if text is not None)


def _secrets(statement: CopyStatement) -> Iterator[tuple[str, str]]:
    for option, credential in statement.credentials:
        if credential.secret is not None:
            yield option, credential.secret.reveal()


def _xml_texts(statement: CopyStatement) -> Iterator[tuple[str, str]]:
    for location in statement.external_locations:
        yield "FROM", location.url
    if statement.error_file is not None:
        yield "ERRORFILE", statement.error_file.directory
    for option, credential in statement.credentials:
        yield option, credential.identity or ""
    yield from _delimiters(statement)
    yield from _secrets(statement)


def _other_texts(statement: CopyStatement) -> Iterator[tuple[str, str]]:
    yield from _names(statement)
    yield "LABEL", statement.label or ""
    for column in statement.columns:
        if isinstance(column.default, str):
            yield "column list", column.default


def template(statement: CopyStatement) -> Iterator[Finding]:
    """Find a text with a template in it."""
    for option, text in (*_xml_texts(statement), *_other_texts(statement)):
        if holds_template(text):
            yield Finding(option=option)


def xml_characters(statement: CopyStatement) -> Iterator[Finding]:
    """Find a location, delimiter, identity or secret with a character that XML lacks."""
    return (Finding(option=option) for option, text in _xml_texts(statement) if not is_xml_text(text))


def text_characters(statement: CopyStatement) -> Iterator[Finding]:
    """Find a name, label or default that is no valid text."""
    return (Finding(option=option) for option, text in _other_texts(statement) if not is_text(text))


def string_count(statement: CopyStatement) -> Iterator[Finding]:
    """Find more string constants than a statement may have."""
    strings = len(statement.external_locations) + sum(isinstance(column.default, str) for column in statement.columns)
    if strings > _MOST_STRINGS:
        yield Finding(str(strings))


# --- names ---------------------------------------------------------------------------------------------------------


def name_length(statement: CopyStatement) -> Iterator[Finding]:
    """Find a name that is empty or too long."""
    for option, name in _names(statement):
        temporary = option == "INTO" and name.startswith("#")
        if not 1 <= code_units(name) <= (_LONGEST_TEMPORARY_NAME if temporary else _LONGEST_NAME):
            yield Finding(show(name), option)


def global_temporary_table(statement: CopyStatement) -> Iterator[Finding]:
    """Find a target ``##name``."""
    if statement.target.name.startswith("##"):
        yield Finding(show(statement.target.name))


def label_length(statement: CopyStatement) -> Iterator[Finding]:
    """Find a label that is empty or too long."""
    if statement.label is not None and not 1 <= code_units(statement.label) <= _LONGEST_LABEL:
        yield Finding(f"{code_units(statement.label)} characters")


# --- source --------------------------------------------------------------------------------------------------------


def no_location(statement: CopyStatement) -> Iterator[Finding]:
    """Find an empty FROM."""
    if not statement.external_locations:
        yield Finding()


def location_scheme(statement: CopyStatement) -> Iterator[Finding]:
    """Find a source that is not reached by https."""
    return (Finding(show(location.url)) for location in statement.external_locations if location.scheme != "https")


def several_containers(statement: CopyStatement) -> Iterator[Finding]:
    """Find sources in several containers."""
    containers = {f"{location.account}/{location.container}" for location in statement.external_locations}
    if len(containers) > 1:
        yield Finding(", ".join(sorted(containers)[:3]))


def credential_endpoint(statement: CopyStatement) -> Iterator[Finding]:
    """Find a location whose endpoint the credential may not read this file type from."""
    file_type, credential = statement.file_type, statement.credential
    # An external file format of unknown content holds Parquet or ORC, and both have the same row in the table.
    endpoints = credential.reads[file_type or "PARQUET"]
    for location in statement.external_locations:
        if location.endpoint not in endpoints:
            shown = f"{credential.method} for {file_type or 'PARQUET or ORC'} files at {location.host}"
            yield Finding(f"{shown}; it reads them from the .{' or .'.join(sorted(endpoints))} endpoint")


# --- credentials ---------------------------------------------------------------------------------------------------


def secret_ascii(statement: CopyStatement) -> Iterator[Finding]:
    """Find a secret with a character outside ASCII."""
    return (Finding(option=option) for option, secret in _secrets(statement) if not secret.isascii())


def secret_length(statement: CopyStatement) -> Iterator[Finding]:
    """Find a secret that is too long."""
    for option, secret in _secrets(statement):
        if len(secret) > _LONGEST_SECRET:
            yield Finding(f"{len(secret)} characters", option)


def secret_space(statement: CopyStatement) -> Iterator[Finding]:
    """Find a secret with white space around it."""
    return (Finding(option=option) for option, secret in _secrets(statement) if secret != secret.strip())


def sas_token(statement: CopyStatement) -> Iterator[Finding]:
    """Find a whole URL, or nothing, where a SAS token belongs."""
    for option, credential in statement.credentials:
        if credential.identity == "Shared Access Signature" and credential.secret is not None:
            token = credential.secret.reveal()
            if "://" in token or not token.lstrip("?"):
                yield Finding(option=option)


def service_principal(statement: CopyStatement) -> Iterator[Finding]:
    """Find an IDENTITY that is not client id, at sign, token endpoint of version 1.

    Nothing of it is shown, and the client id has to be a GUID: who swaps id and secret must not log the secret.
    """
    for option, credential in statement.credentials:
        identity = credential.identity or ""
        if "@" in identity and not _APPLICATION.fullmatch(identity):
            yield Finding(option=option)


def error_file_method(statement: CopyStatement) -> Iterator[Finding]:
    """Find an ERRORFILE_CREDENTIAL of a method that may not write there."""
    own = statement.error_file and statement.error_file.credential
    if own and not own.may_write_error_files:
        yield Finding(own.method)


def reused_credential(statement: CopyStatement) -> Iterator[Finding]:
    """Find a CREDENTIAL that would write the error file and may not."""
    error_file, credential = statement.error_file, statement.credential
    if error_file is not None and error_file.credential is None and not credential.may_write_error_files:
        yield Finding(credential.method)


def ignored_error_file_credential(statement: CopyStatement) -> Iterator[Finding]:
    """Find an ERRORFILE_CREDENTIAL beside a relative ERRORFILE."""
    error_file = statement.error_file
    if error_file is not None and error_file.is_relative and error_file.credential is not None:
        yield Finding()


# --- format --------------------------------------------------------------------------------------------------------


def error_file_type(statement: CopyStatement) -> Iterator[Finding]:
    """Find an ERRORFILE for files other than CSV."""
    if statement.error_file is not None and statement.csv is None and statement.file_options is not None:
        yield Finding(statement.file_type or "FILE_FORMAT")


def file_format_type(statement: CopyStatement) -> Iterator[Finding]:
    """Find an external file format that is said to hold something other than Parquet or ORC."""
    if statement.file_format is not None and statement.file_format.file_type not in {None, "PARQUET", "ORC"}:
        yield Finding(str(statement.file_format.file_type))


def compression(statement: CopyStatement) -> Iterator[Finding]:
    """Find a compression that the file type has not."""
    options = statement.file_options
    if options is not None and options.compression is not None and options.compression not in options.compressions:
        yield Finding(f"{options.compression!r} for {options.file_type}: use {', '.join(options.compressions)}")


def field_quote(statement: CopyStatement) -> Iterator[Finding]:
    """Find a FIELDQUOTE that is neither empty, one character nor one character in hexadecimal."""
    for option, text in _delimiters(statement):
        longest = 4 if _HEX.fullmatch(text) else 1
        if option == "FIELDQUOTE" and len(text) > longest:
            yield Finding(show(text))


def delimiter_length(statement: CopyStatement) -> Iterator[Finding]:
    """Find a terminator that is empty or too long."""
    for option, text in _delimiters(statement):
        if option != "FIELDQUOTE" and not 1 <= len(text) <= _LONGEST_DELIMITER:
            yield Finding(f"{len(text)} characters", option)


def delimiter_hex(statement: CopyStatement) -> Iterator[Finding]:
    """Find a delimiter that starts like a hexadecimal one and does not go on like one."""
    for option, text in _delimiters(statement):
        if _SPELLED_HEX.match(text) and not _HEX.fullmatch(text):
            yield Finding(show(text), option)


def delimiter_ascii(statement: CopyStatement) -> Iterator[Finding]:
    """Find a delimiter outside ASCII while the encoding is UTF8."""
    if statement.csv is not None and statement.csv.encoding in {None, "UTF8"}:
        for option, text in _delimiters(statement):
            digits = text[2:] if _HEX.fullmatch(text) else ""
            spelled = bytes.fromhex(digits.zfill(len(digits) + len(digits) % 2))
            if not (text.isascii() and spelled.isascii()):
                yield Finding(show(text), option)


def row_terminator_escape(statement: CopyStatement) -> Iterator[Finding]:
    r"""Find a ROWTERMINATOR that spells ``\r\n``."""
    for option, text in _delimiters(statement):
        if option == "ROWTERMINATOR" and r"\r\n" in text:
            yield Finding(f"'{text}'" if len(text) <= 80 else "")


def first_row(statement: CopyStatement) -> Iterator[Finding]:
    """Find a FIRSTROW out of range."""
    number = statement.csv.first_row if statement.csv else None
    if number is not None and not 1 <= number <= LARGEST_INTEGER:
        yield Finding(str(number))


def date_format(statement: CopyStatement) -> Iterator[Finding]:
    """Find a DATEFORMAT that is none of the six."""
    value = statement.csv.date_format if statement.csv else None
    if value is not None and value not in DATE_FORMATS:
        yield Finding(show(value))


def encoding(statement: CopyStatement) -> Iterator[Finding]:
    """Find an ENCODING that is none of the two."""
    value = statement.csv.encoding if statement.csv else None
    if value is not None and value not in ENCODINGS:
        yield Finding(show(value))


# --- rows and columns ----------------------------------------------------------------------------------------------


def max_errors(statement: CopyStatement) -> Iterator[Finding]:
    """Find a MAXERRORS out of range."""
    if statement.max_errors is not None and not 0 <= statement.max_errors <= LARGEST_INTEGER:
        yield Finding(str(statement.max_errors))


def field_number(statement: CopyStatement) -> Iterator[Finding]:
    """Find a field number out of range."""
    for column in statement.columns:
        if column.field_number is not None and not 1 <= column.field_number <= LARGEST_INTEGER:
            yield Finding(f"{column.field_number} for {column.name}")


def default_value(statement: CopyStatement) -> Iterator[Finding]:
    """Find a default that is no number of T-SQL."""
    for column in statement.columns:
        value = column.default
        if isinstance(value, float | Decimal) and not math.isfinite(value):
            yield Finding(f"{value} for {column.name}")
        elif isinstance(value, int | Decimal) and _digits(value) > _MOST_DIGITS:
            yield Finding(f"more than {_MOST_DIGITS} digits for {column.name}")


def _digits(number: int | Decimal) -> int:
    """Return the precision of the constant that ``number`` is written as."""
    whole, _, fraction = format(Decimal(number), "f").lstrip("-").partition(".")
    return len(whole.lstrip("0")) + len(fraction)


def auto_create_file_type(statement: CopyStatement) -> Iterator[Finding]:
    """Find AUTO_CREATE_TABLE with files that are known not to be Parquet."""
    if statement.auto_create_table and statement.file_type not in {"PARQUET", None}:
        yield Finding(str(statement.file_type))


def auto_create_columns(statement: CopyStatement) -> Iterator[Finding]:
    """Find AUTO_CREATE_TABLE with a column list."""
    if statement.auto_create_table and statement.columns:
        yield Finding()


def auto_create_max_errors(statement: CopyStatement) -> Iterator[Finding]:
    """Find AUTO_CREATE_TABLE with MAXERRORS."""
    if statement.auto_create_table and statement.max_errors is not None:
        yield Finding(f"MAXERRORS = {statement.max_errors}")
