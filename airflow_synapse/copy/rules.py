"""The rules that the documents state for COPY, as a table.

A rule with a condition is checked when a :class:`~airflow_synapse.copy.CopyStatement` is made. A rule without one is
broken by what was to be read: a name, a URL, an option. A wrong COPY fails minutes later in the pool, with a message
that seldom names the option; the rules are public, so they are checked before anything connects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from airflow_synapse.copy import conditions as found
from airflow_synapse.copy.conditions import Finding, show
from airflow_synapse.copy.keywords import LARGEST_INTEGER
from airflow_synapse.exceptions import CopyOptionError

if TYPE_CHECKING:
    from airflow_synapse.copy.identifiers import ColumnName
    from airflow_synapse.copy.statement import CopyStatement

__all__ = ["RULES", "Rule", "check", "check_identity_column", "read_text", "refuse", "show"]

_REFERENCE: Final = "COPY reference 2026-05"
_SCRIPT_DOM: Final = "SqlScriptDOM 2026-05"
_PACKAGE: Final = "this package"
_ON_OFF: Final = "Write 'ON' or 'OFF', or True or False."
_WHOLE: Final = f"Give a whole number up to {LARGEST_INTEGER}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    :param code: Its name, for people who look it up.
    :param option: The T-SQL keyword or clause that it is about.
    :param forbids: What it forbids; goes on from the option as a sentence.
    :param remedy: What to do instead.
    :param source: The document that states it, and the place there.
    :param condition: Finds what breaks it in a statement; None where reading a text breaks it.
    """

    code: str
    option: str
    forbids: str
    remedy: str
    source: str
    condition: Callable[[CopyStatement], Iterable[Finding]] | None = None

    def broken(self, finding: Finding) -> CopyOptionError:
        """Return the error for a value that breaks the rule: what is wrong, where, and what to do."""
        option = finding.option or self.option
        shown = f": {finding.shown}" if finding.shown else ""
        message = f"{option} {self.forbids}{shown}. {self.remedy} (Rule {self.code}; {self.source}.)"
        return CopyOptionError(message, rule=self.code, option=option, source=self.source)


# A row: code, option, what it forbids; the remedy; the source, the condition.
# fmt: off
_TABLE: Final = (
    # --- every text
    Rule("template", "COPY", "still holds a template",
         "Render it before the statement is built.",
         f"{_PACKAGE}: a statement is built after rendering", found.template),
    Rule("xml-characters", "COPY", "holds a character that XML 1.0 lacks",
         "Remove control characters and halves of surrogate pairs.",
         f"{_SCRIPT_DOM}, CheckXMLValidity", found.xml_characters),
    Rule("text-characters", "COPY", "holds NUL or half of a surrogate pair",
         "Give a text that UTF-8 can encode.",
         f"{_REFERENCE}, Remarks: only valid UTF-8 and UTF-16 characters in parameters", found.text_characters),
    Rule("string-count", "FROM", "has more than 20,000 strings in one statement",
         "Name folders or patterns instead of single files, or run several statements.",
         "capacity limits 2020-02, string literals", found.string_count),
    # --- names
    Rule("name-syntax", "INTO", "cannot be read as a name",
         "Write table, schema.table or database.schema.table, or a column alone, and put a part with special "
         "characters in [brackets].",
         f"{_REFERENCE}, table_name; T-SQL database identifiers"),
    Rule("name-parts", "INTO", "has more than three parts",
         "Write table, schema.table or database.schema.table.",
         f"{_SCRIPT_DOM}, schemaObjectThreePartName"),
    Rule("name-none", "INTO", "is None, as a template renders what has no value",
         "Leave the argument out, or render a name; write [None] for a table of this name.",
         _PACKAGE),
    Rule("name-length", "INTO", "has a name of no or too many characters",
         "Use 1 to 128 characters; 116 for a #temporary table.",
         "T-SQL database identifiers", found.name_length),
    Rule("global-temporary-table", "INTO", "names a global temporary table",
         "Use a table of the session, with one #.",
         "temporary tables in a dedicated SQL pool, limitations", found.global_temporary_table),
    Rule("label-length", "LABEL", "has no or more than 255 characters",
         "Shorten it, or leave it out.",
         "sys.dm_pdw_exec_requests 2024-12: label is nvarchar(255)", found.label_length),
    # --- source
    Rule("location-missing", "FROM", "is empty",
         "Give at least one external location.",
         f"{_SCRIPT_DOM}, message 46063", found.no_location),
    Rule("location-url", "FROM", "is no location of a storage account",
         "Write https://<account>.blob.core.windows.net/<container>/<path>, or .dfs. for .blob.; several go in a list.",
         f"{_REFERENCE}, External locations"),
    Rule("location-scheme", "FROM", "needs https",
         "Start the location with https://.",
         f"{_REFERENCE}, External locations", found.location_scheme),
    Rule("location-query", "FROM", "has a question mark, which starts a query string",
         "Give a SAS token as the credential; match files with *.",
         f"{_REFERENCE}, External locations"),
    Rule("location-container", "FROM", "names no valid container",
         "A container has 3 to 63 lower-case letters, digits and single hyphens.",
         "Azure Storage, naming containers"),
    Rule("location-dns-zone", "FROM", "is an account with an Azure DNS zone endpoint",
         "Copy the files to an account without a zone in its address.",
         "Data Factory troubleshooting 2025-02, errors 105208 and 105200"),
    Rule("location-one-container", "FROM", "names several containers",
         "Load each container with its own statement.",
         f"{_REFERENCE}, External locations", found.several_containers),
    Rule("fabric-location", "FROM", "is in OneLake, which only Microsoft Fabric reads",
         "Copy the files to a storage account.",
         f"{_REFERENCE}, Fabric: External locations"),
    # --- credentials
    Rule("credential-endpoint", "CREDENTIAL", "cannot be",
         "Change the endpoint in the location, or the method.",
         f"{_REFERENCE}, CREDENTIAL, table of methods", found.credential_endpoint),
    Rule("credential-kind", "CREDENTIAL", "is no storage credential",
         "Give one of the classes of airflow_synapse.copy, such as SharedAccessSignature.",
         f"{_PACKAGE}: a secret is never a plain text"),
    Rule("secret-ascii", "CREDENTIAL", "has a SECRET with a character outside ASCII",
         "Copy the secret again from where it was made.",
         f"{_SCRIPT_DOM}, message 46132", found.secret_ascii),
    Rule("secret-length", "CREDENTIAL", "has a SECRET of more than 4000 characters",
         "Copy the secret again from where it was made.",
         f"{_SCRIPT_DOM}, message 46131", found.secret_length),
    Rule("secret-space", "CREDENTIAL", "has a SECRET with white space around it",
         "Store the secret without a line end.",
         "Azure Storage: a SAS, key or application secret holds no white space", found.secret_space),
    Rule("sas-token", "CREDENTIAL", "has a SECRET that is no SAS token",
         "Give the part of the URL after the question mark.",
         f"{_REFERENCE}, CREDENTIAL, Shared Access Signatures", found.sas_token),
    Rule("service-principal-identity", "CREDENTIAL", "has an IDENTITY that is not <client id>@<token endpoint>",
         "Give the application's id, a GUID, and its OAuth 2.0 endpoint of version 1: "
         "https://login.microsoftonline.com/<tenant>/oauth2/token, without v2.0.",
         f"{_REFERENCE}, CREDENTIAL, Service Principals", found.service_principal),
    # --- error file
    Rule("error-file-directory", "ERRORFILE", "is no directory",
         "Write /directory for one in the container of the source, or "
         "https://<account>.blob.core.windows.net/<container>/<directory>.",
         f"{_REFERENCE}, ERRORFILE"),
    Rule("error-file-type", "ERRORFILE", "works with CSV files only",
         "Leave it out.",
         f"{_REFERENCE}, ERRORFILE", found.error_file_type),
    Rule("error-file-method", "ERRORFILE_CREDENTIAL", "cannot be",
         "Use a SAS with READ, LIST, WRITE, CREATE and DELETE, a service principal or a managed identity.",
         f"{_REFERENCE}, ERRORFILE_CREDENTIAL", found.error_file_method),
    Rule("error-file-reused-credential", "ERRORFILE", "cannot be written with CREDENTIAL",
         "Use another method for CREDENTIAL, or give the whole URL of the directory and its own credential.",
         f"{_REFERENCE}, ERRORFILE_CREDENTIAL", found.reused_credential),
    Rule("error-file-ignored-credential", "ERRORFILE_CREDENTIAL",
         "is not used for a directory in the container of the source",
         "Leave it out, or give the whole URL of the directory.",
         f"{_REFERENCE}, ERRORFILE", found.ignored_error_file_credential),
    Rule("error-file-missing", "ERRORFILE_CREDENTIAL", "has no ERRORFILE",
         "Give the directory too, or leave this out.",
         f"{_REFERENCE}, ERRORFILE_CREDENTIAL"),
    # --- format
    Rule("file-type", "FILE_TYPE", "is not CSV, PARQUET or ORC",
         "Give one of these.",
         f"{_REFERENCE}, FILE_TYPE"),
    Rule("fabric-file-type", "FILE_TYPE", "JSONL works in Microsoft Fabric only",
         "Convert the files to CSV, Parquet or ORC.",
         f"{_REFERENCE}, Fabric: FILE_TYPE"),
    Rule("file-format-type", "FILE_FORMAT", "works with Parquet and ORC files only",
         "For CSV give the options here, without FILE_FORMAT.",
         f"{_REFERENCE}, FILE_FORMAT", found.file_format_type),
    Rule("option-file-type", "COPY", "does not apply to this file type",
         "Leave it out, or change the file type.",
         f"{_REFERENCE}, Arguments"),
    Rule("file-format-compression", "COMPRESSION", "is in the external file format already",
         "Leave one of the two out.",
         f"{_REFERENCE}, FILE_FORMAT"),
    Rule("compression", "COMPRESSION", "does not fit",
         "Take one of those, or leave it out to go by the extension.",
         f"{_REFERENCE}, COMPRESSION", found.compression),
    Rule("delimiter-hex", "FIELDTERMINATOR", "starts with 0x and is not hexadecimal",
         "Write one 0x before all digits, as in 0x0D0A.",
         f"{_REFERENCE}, ROWTERMINATOR; {_SCRIPT_DOM}, CheckDelimiterValidity", found.delimiter_hex),
    Rule("field-quote", "FIELDQUOTE", "is more than one character",
         "Give one character, 0x and two digits, or nothing.",
         f"{_REFERENCE}, FIELDQUOTE; {_SCRIPT_DOM}", found.field_quote),
    Rule("delimiter-length", "FIELDTERMINATOR", "has no or more than 4000 characters",
         "Leave it out for the default.",
         f"{_SCRIPT_DOM}, message 46131", found.delimiter_length),
    Rule("delimiter-ascii", "FIELDTERMINATOR", "is outside ASCII while ENCODING is UTF8",
         "Use an ASCII character, or UTF16 files.",
         f"{_REFERENCE}, FIELDQUOTE, FIELDTERMINATOR, ROWTERMINATOR", found.delimiter_ascii),
    Rule("row-terminator-escape", "ROWTERMINATOR", r"spells \r\n, which COPY reads as \r\r\n",
         "Write 0x0D0A, or leave it out.",
         "COPY authentication examples 2022-03, row terminator note", found.row_terminator_escape),
    Rule("first-row", "FIRSTROW", "is below 1 or too large",
         f"{_WHOLE}; rows are counted from 1.",
         f"{_REFERENCE}, FIRSTROW; {_SCRIPT_DOM}", found.first_row),
    Rule("date-format", "DATEFORMAT", "is not one of the six orders",
         "Give mdy, dmy, ymd, ydm, myd or dym.",
         f"{_REFERENCE}, DATEFORMAT", found.date_format),
    Rule("encoding", "ENCODING", "is not UTF8 or UTF16",
         "Give one of these, without a hyphen.",
         f"{_REFERENCE}, ENCODING", found.encoding),
    # --- rows and columns
    Rule("max-errors", "MAXERRORS", "is below 0 or too large",
         f"{_WHOLE}.",
         f"{_REFERENCE}, MAXERRORS; {_SCRIPT_DOM}", found.max_errors),
    Rule("field-number", "column list", "has a field number below 1 or too large",
         "Count the fields from 1.",
         f"{_REFERENCE}, Column_list; {_SCRIPT_DOM}", found.field_number),
    Rule("default-value", "column list", "has a default that is no constant of T-SQL",
         "Give a text, a finite number of at most 38 digits, or bytes.",
         f"{_SCRIPT_DOM}, defaultValueLiteral", found.default_value),
    Rule("column-entry", "column list", "has an entry that cannot be read",
         "Give a name, or name, default and field_number.",
         f"{_REFERENCE}, Column_list"),
    Rule("fabric-json-path", "column list", "has a JSON path, which only Microsoft Fabric reads",
         "Give field numbers.",
         f"{_REFERENCE}, Fabric: Column_list"),
    Rule("auto-create-file-type", "AUTO_CREATE_TABLE", "works with Parquet files only",
         "Create the table first.",
         f"{_REFERENCE}, AUTO_CREATE_TABLE", found.auto_create_file_type),
    Rule("auto-create-columns", "AUTO_CREATE_TABLE", "cannot be ON with a column list",
         "Leave one of the two out.",
         f"{_REFERENCE}, Column_list", found.auto_create_columns),
    Rule("auto-create-max-errors", "AUTO_CREATE_TABLE", "cannot be ON with MAXERRORS",
         "Leave one of the two out.",
         f"{_REFERENCE}, AUTO_CREATE_TABLE", found.auto_create_max_errors),
    Rule("identity-column-list", "IDENTITY_INSERT",
         "is OFF and the table has an identity column, so that a column list is needed",
         "List the columns without the identity column.",
         f"{_REFERENCE}, IDENTITY_INSERT"),
    Rule("identity-column-listed", "IDENTITY_INSERT", "is OFF and the column list holds the identity column",
         "Take the column out of the list, or set IDENTITY_INSERT ON.",
         f"{_REFERENCE}, IDENTITY_INSERT"),
    Rule("identity-column-missing", "IDENTITY_INSERT", "is ON and the column list lacks the identity column",
         "Put the column in the list, or set IDENTITY_INSERT OFF.",
         f"{_REFERENCE}, IDENTITY_INSERT"),
    Rule("identity-column-default", "column list", "has a default for the identity column",
         "Leave the default out.",
         f"{_REFERENCE}, IDENTITY_INSERT"),
    # --- values that were given as text
    Rule("whole-number", "COPY", "is no whole number",
         f"{_WHOLE}, in digits.",
         f"{_REFERENCE}, Syntax"),
    Rule("on-off", "COPY", "is neither ON nor OFF",
         _ON_OFF,
         f"{_REFERENCE}, IDENTITY_INSERT and AUTO_CREATE_TABLE"),
    Rule("text", "COPY", "is no text",
         "Give a string; in a DAG that renders native objects, one in quotes: \"'0x0A'\".",
         _PACKAGE),
    Rule("unknown-option", "COPY", "has no such option",
         "Use one of the fifteen documented options.",
         f"{_REFERENCE}, Syntax"),
    Rule("fabric-option", "COPY", "is an option of Microsoft Fabric only",
         "Leave it out for a dedicated SQL pool.",
         f"{_REFERENCE}, Fabric: Syntax"),
    Rule("max-degree-hint", "MAXDOP", "cannot be used with COPY",
         "Leave it out.",
         f"{_REFERENCE}, Remarks"),
)
# fmt: on

#: Every rule by its code, in the order in which they are checked.
RULES: Final[Mapping[str, Rule]] = MappingProxyType({rule.code: rule for rule in _TABLE})


def refuse(code: str, *, shown: str = "", option: str | None = None) -> CopyOptionError:
    """Return the error of a rule that reading a text has broken.

    :param shown: The offending value, made with :func:`show`; empty to show nothing.
    :param option: T-SQL keyword or clause, when it is not the rule's own.
    """
    return RULES[code].broken(Finding(shown, option))


def read_text(value: object, option: str) -> str:
    """Return a value that must be a text.

    :param option: The T-SQL keyword or argument that it stands behind, for the error.
    :raises CopyOptionError: Rule ``text``.
    """
    if not isinstance(value, str):
        raise refuse("text", shown=f"a {type(value).__name__}", option=option)
    return value


def check(statement: CopyStatement) -> None:
    """Check every rule that has a condition.

    :raises CopyOptionError: For the first rule that is broken.
    """
    for rule in RULES.values():
        for finding in rule.condition(statement) if rule.condition else ():
            raise rule.broken(finding)


def check_identity_column(statement: CopyStatement, identity_column: ColumnName) -> None:
    """Check the rules that need to know the table: what IDENTITY_INSERT asks of the column list.

    :param identity_column: The table's identity column; do not call this for a table without one.
    :raises CopyOptionError: Rules ``identity-column-*``.
    """
    # Names compare without case, as in the default collation of a pool.
    name = identity_column.name.casefold()
    listed = [column for column in statement.columns if column.name.name.casefold() == name]
    if any(column.default is not None for column in listed):
        raise refuse("identity-column-default", shown=str(identity_column))
    if statement.identity_insert:
        if statement.columns and not listed:
            raise refuse("identity-column-missing", shown=str(identity_column))
    elif not statement.columns:
        raise refuse("identity-column-list", shown=str(identity_column))
    elif listed:
        raise refuse("identity-column-listed", shown=str(identity_column))
