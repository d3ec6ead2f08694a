"""The reference's examples A to G, re-typed as data: our statement is the documented text.

Compared token by token, so that white space and comments do not count. Three more differences are allowed, each because
the reference itself is not consistent in it; everything else must be equal, the order of the options too:

- Brackets around a name that needs none: it has ``dbo.[lineitem]`` and ``dbo.myCOPYDemoTable``. We always write them.
- The keyword ``default`` is in lower case where every other keyword is in upper case. We write upper case.
- FILE_TYPE is ``'CSV'`` and ``'Parquet'`` in the examples, ``'PARQUET'`` in the syntax. We write upper case.

The placeholders of IDENTITY in example E are filled in on both sides, since they must be a GUID and a URL.
"""

import re

import pytest

from airflow_synapse.copy import (
    ManagedIdentity,
    PublicAccess,
    ServicePrincipal,
    SharedAccessSignature,
    StorageAccountKey,
    build_statement,
)
from airflow_synapse.secret import Secret

FOLDER = "https://myaccount.blob.core.windows.net/myblobcontainer/folder1/"
CLIENT_ID = "0a1b2c3d-0000-1111-2222-333344445555"
TOKEN_ENDPOINT = "https://login.microsoftonline.com/my-tenant/oauth2/token"

EXAMPLES = {
    "A": (
        """
        COPY INTO dbo.[lineitem]
        FROM 'https://unsecureaccount.blob.core.windows.net/customerdatasets/folder1/lineitem.csv'
        """,
        {
            "table": "dbo.[lineitem]",
            "external_locations": "https://unsecureaccount.blob.core.windows.net/customerdatasets/folder1/lineitem.csv",
            "credential": PublicAccess(),
        },
    ),
    "A, 2026": (
        """
        COPY INTO dbo.[lineitem]
        FROM 'https://unsecureaccount.blob.core.windows.net/customerdatasets/folder1/lineitem.csv'
        WITH (FILE_TYPE = 'CSV', FIELDTERMINATOR = '|')
        """,
        {
            "table": "dbo.[lineitem]",
            "external_locations": "https://unsecureaccount.blob.core.windows.net/customerdatasets/folder1/lineitem.csv",
            "credential": PublicAccess(),
            "field_terminator": "|",
        },
    ),
    "B": (
        """
        COPY INTO test_1
        FROM 'https://myaccount.blob.core.windows.net/myblobcontainer/folder1/'
        WITH (
            FILE_TYPE = 'CSV',
            CREDENTIAL=(IDENTITY= 'Shared Access Signature', SECRET='<Your_SAS_Token>'),
            --CREDENTIAL should look something like this:
            --CREDENTIAL=(IDENTITY= 'Shared Access Signature', SECRET='?sv=2018-03-28&ss=bfqt&srt=sco&sp=rl'),
            FIELDQUOTE = '"',
            FIELDTERMINATOR=';',
            ROWTERMINATOR='0X0A',
            ENCODING = 'UTF8',
            DATEFORMAT = 'ymd',
            MAXERRORS = 10,
            ERRORFILE = '/errorsfolder',--path starting from the storage container
            IDENTITY_INSERT = 'ON'
        )
        """,
        {
            "table": "test_1",
            "external_locations": FOLDER,
            "file_type": "CSV",
            "credential": SharedAccessSignature(token=Secret("<Your_SAS_Token>")),
            "field_quote": '"',
            "field_terminator": ";",
            "row_terminator": "0X0A",
            "encoding": "UTF8",
            "date_format": "ymd",
            "max_errors": 10,
            "error_file": "/errorsfolder",
            "identity_insert": "ON",
        },
    ),
    "C": (
        """
        --Note when specifying the column list, input field numbers start from 1
        COPY INTO test_1 (Col_one default 'myStringDefault' 1, Col_two default 1 3)
        FROM 'https://myaccount.blob.core.windows.net/myblobcontainer/folder1/'
        WITH (
            FILE_TYPE = 'CSV',
            CREDENTIAL=(IDENTITY= 'Storage Account Key', SECRET='<Your_Account_Key>'),
            FIELDQUOTE = '"',
            FIELDTERMINATOR=',',
            ROWTERMINATOR='0x0A',
            ENCODING = 'UTF8',
            FIRSTROW = 2
        )
        """,
        {
            "table": "test_1",
            "columns": [
                {"name": "Col_one", "default": "myStringDefault", "field_number": 1},
                {"name": "Col_two", "default": 1, "field_number": 3},
            ],
            "external_locations": FOLDER,
            "file_type": "CSV",
            "credential": StorageAccountKey(key=Secret("<Your_Account_Key>")),
            "field_quote": '"',
            "field_terminator": ",",
            "row_terminator": "0x0A",
            "encoding": "UTF8",
            "first_row": 2,
        },
    ),
    "D": (
        """
        COPY INTO test_parquet
        FROM 'https://myaccount.blob.core.windows.net/myblobcontainer/folder1/*.parquet'
        WITH (
            FILE_FORMAT = myFileFormat,
            CREDENTIAL=(IDENTITY= 'Shared Access Signature', SECRET='<Your_SAS_Token>')
        )
        """,
        {
            "table": "test_parquet",
            "external_locations": FOLDER + "*.parquet",
            "file_format": "myFileFormat",
            "credential": SharedAccessSignature(token=Secret("<Your_SAS_Token>")),
        },
    ),
    "E": (
        """
        COPY INTO t1
        FROM
        'https://myaccount.blob.core.windows.net/myblobcontainer/folder0/*.txt',
            'https://myaccount.blob.core.windows.net/myblobcontainer/folder1'
        WITH (
            FILE_TYPE = 'CSV',
            CREDENTIAL=(IDENTITY= '<client_id>@<OAuth_2.0_Token_EndPoint>',SECRET='<key>'),
            FIELDTERMINATOR = '|'
        )
        """.replace("<client_id>@<OAuth_2.0_Token_EndPoint>", f"{CLIENT_ID}@{TOKEN_ENDPOINT}"),
        {
            "table": "t1",
            "external_locations": [
                "https://myaccount.blob.core.windows.net/myblobcontainer/folder0/*.txt",
                "https://myaccount.blob.core.windows.net/myblobcontainer/folder1",
            ],
            "file_type": "CSV",
            "credential": ServicePrincipal(
                client_id=CLIENT_ID, token_endpoint=TOKEN_ENDPOINT, client_secret=Secret("<key>")
            ),
            "field_terminator": "|",
        },
    ),
    "F": (
        """
        COPY INTO dbo.myCOPYDemoTable
        FROM 'https://myaccount.blob.core.windows.net/myblobcontainer/folder0/*.txt'
        WITH (
            FILE_TYPE = 'CSV',
            CREDENTIAL = (IDENTITY = 'Managed Identity'),
            FIELDQUOTE = '"',
            FIELDTERMINATOR=','
        )
        """,
        {
            "table": "dbo.myCOPYDemoTable",
            "external_locations": "https://myaccount.blob.core.windows.net/myblobcontainer/folder0/*.txt",
            "file_type": "CSV",
            "credential": ManagedIdentity(),
            "field_quote": '"',
            "field_terminator": ",",
        },
    ),
    "G": (
        """
        COPY INTO [myCOPYDemoTable]
        FROM 'https://myaccount.blob.core.windows.net/customerdatasets/folder1/lineitem.parquet'
        WITH (
            FILE_TYPE = 'Parquet',
            CREDENTIAL = ( IDENTITY = 'Shared Access Signature',  SECRET='<key>'),
            AUTO_CREATE_TABLE = 'ON'
        )
        """,
        {
            "table": "[myCOPYDemoTable]",
            "external_locations": "https://myaccount.blob.core.windows.net/customerdatasets/folder1/lineitem.parquet",
            "file_type": "Parquet",
            "credential": SharedAccessSignature(token=Secret("<key>")),
            "auto_create_table": "ON",
        },
    ),
    # Not in the reference: the quickstart and the tutorial on COPY, 2020, show the label and an empty quote.
    "label of the quickstart": (
        """
        COPY INTO [dbo].[Trip]
        FROM 'https://myaccount.blob.core.windows.net/myblobcontainer/folder1/'
        WITH
        (
            FILE_TYPE = 'CSV',
            FIELDQUOTE = '',
            FIELDTERMINATOR='|',
            ROWTERMINATOR='0X0A'
        )
        OPTION (LABEL = 'COPY: dbo.trip')
        """,
        {
            "table": "[dbo].[Trip]",
            "external_locations": FOLDER,
            "file_type": "CSV",
            "field_quote": "",
            "field_terminator": "|",
            "row_terminator": "0X0A",
            "label": "COPY: dbo.trip",
        },
    ),
}

_TOKEN = re.compile(
    r"(?P<skip>\s+|--[^\n]*)|(?P<text>'(?:[^']|'')*')|(?P<name>\[[^\]]*\])|(?P<word>[\w]+)|(?P<symbol>.)"
)


def normalized(sql):
    """The tokens of ``sql`` without white space and comments, and with the three differences of the module's text."""
    tokens = [match.group() for match in _TOKEN.finditer(sql) if match.lastgroup != "skip"]
    tokens = [re.sub(r"^\[([A-Za-z_]\w*)\]$", r"\1", token) for token in tokens]
    tokens = ["DEFAULT" if token == "default" else token for token in tokens]
    return [
        token.upper() if tokens[index - 2 : index] == ["FILE_TYPE", "="] else token
        for index, token in enumerate(tokens)
    ]


@pytest.mark.parametrize(("documented", "arguments"), EXAMPLES.values(), ids=EXAMPLES)
def test_documented_example_comes_out_as_documented(documented, arguments):
    assert normalized(build_statement(**arguments).to_sql()) == normalized(documented)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("WITH (A = 1, B = 2)", "WITH (B = 2, A = 1)"),
        ("FROM 'a b'", "FROM 'a  b'"),
        ("FROM 'a'", "FROM 'A'"),
        ("FROM '--a'", "FROM ''"),
        ("ROWTERMINATOR = '0x0A'", "ROWTERMINATOR = '0X0A'"),
        ("COPY INTO [a b]", "COPY INTO a b"),
        ("COPY INTO T", "COPY INTO t"),
    ],
)
def test_normalizer_keeps_every_other_difference(one, other):
    assert normalized(one) != normalized(other)
