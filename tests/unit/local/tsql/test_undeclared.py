"""What types are suggested for undeclared parameters."""

import pytest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("INSERT INTO t VALUES (@P1, @P2)", [("@P1", "int"), ("@P2", "decimal(9,2)")]),
        ("INSERT INTO t (d) VALUES (@P1)", [("@P1", "decimal(9,2)")]),
        ("UPDATE t SET d = @P1 WHERE a = @P2", [("@P1", "decimal(9,2)"), ("@P2", "int")]),
        ("DELETE FROM t WHERE @P1 = a", [("@P1", "int")]),
        ("SELECT a FROM t AS x WHERE x.d > @P1 AND a IN (SELECT a FROM t WHERE d = @P1)", [("@P1", "decimal(9,2)")]),
        ("SELECT @P1 + 1", [("@P1", "nvarchar(4000)")]),
        ("DECLARE @x int SELECT a FROM t WHERE a = @x", []),
    ],
)
def test_a_parameter_takes_the_type_of_its_column(client, text, expected):
    client.run("CREATE TABLE t (a int, d decimal(9, 2))")
    suggested = client.session.describe_parameters(text)
    assert [(name, str(found)) for name, found in suggested] == expected
