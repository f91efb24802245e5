import pytest

from orchestrator.rules.statements import parse_sql


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("SELECT * FROM t", ["select"]),
        ("select 1; drop table t", ["select", "drop"]),
        ("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", ["select", "delete"]),
        ("INSERT INTO t SELECT * FROM s", ["insert"]),
        ("MERGE INTO a USING b ON a.x = b.x WHEN MATCHED THEN DELETE", ["update"]),
        ("TRUNCATE TABLE t", ["truncate"]),
        ("ALTER TABLE t ADD COLUMN x INT", ["alter"]),
        ("GRANT ALL ON t TO bob", ["grant"]),
        ("COPY t FROM PROGRAM 'id'", ["copy"]),
        ("ATTACH DATABASE 'x.db' AS x", ["attach"]),
        ("SELECT * INTO x FROM t", ["create"]),
        ("EXEC sp_who", ["call"]),
        ("REPLACE INTO t VALUES (1)", ["insert"]),
        ("SELECT TOP 3 * FROM t", ["select"]),
        ("EXPLAIN SELECT 1", ["select"]),
        ("CREATE ROLE boss", ["create"]),
        ("", []),
        ("-- nothing\n", []),
    ],
)
def test_statements_are_classified(text: str, kinds: list[str]) -> None:
    statements = parse_sql(text)
    assert [statement.kind for statement in statements] == kinds
    assert all(statement.fault is None for statement in statements)


@pytest.mark.parametrize(
    ("text", "unbounded"),
    [
        ("DELETE FROM t", True),
        ("DELETE FROM t WHERE id = 1", False),
        ("DELETE FROM t WHERE 1 = 1", True),
        ("DELETE FROM t WHERE TRUE", True),
        ("DELETE FROM t WHERE id = 1 OR 1 = 1", True),
        ("DELETE FROM t LIMIT 1", False),
        ("UPDATE t SET a = 1", True),
        ("UPDATE t SET a = 1 WHERE a = 2", False),
        ("SELECT 'DELETE FROM t'", False),
    ],
)
def test_a_change_of_every_row_is_seen(text: str, unbounded: bool) -> None:
    assert any(statement.unbounded for statement in parse_sql(text)) is unbounded


@pytest.mark.parametrize(
    "text",
    [
        "not sql at all, just words",
        "select * from",
        "DELETE FROM t WHERE (",
        "SELECT " + "(" * 400 + "1" + ")" * 400,
        "SELECT '" + "x" * 30_000,
        "\x00\x01",
    ],
)
def test_what_cannot_be_read_says_so(text: str) -> None:
    assert [s.kind for s in parse_sql(text)] == ["other"]
    assert all(statement.fault for statement in parse_sql(text))


def test_tables_are_named() -> None:
    (statement,) = parse_sql("SELECT a FROM Users JOIN orders ON 1 = 1")
    assert statement.tables == ("orders", "users")
    assert parse_sql("select 1; select 2")[0].beside == 1
