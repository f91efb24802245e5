"""Places for ledgers: a file, and a schema of its own in PostgreSQL where there is one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.ledger.ledger import Ledger

SERVER = os.environ.get("CROSSAUDIT_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


@pytest.fixture(params=["sqlite", "postgres"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return where to make a new ledger."""
    if request.param == "sqlite":
        return str(tmp_path / "runs" / "ledger.db")
    return str(request.getfixturevalue("postgres"))


@pytest.fixture
def postgres() -> Iterator[str]:
    """Return the URL of an empty schema, dropped afterwards; skip where no server answers."""
    psycopg = pytest.importorskip("psycopg")
    try:
        server = psycopg.connect(SERVER, autocommit=True, connect_timeout=2)
    except psycopg.OperationalError as error:
        reason = str(error).splitlines()[0]
        pytest.skip(f"no PostgreSQL ({reason}); name one with CROSSAUDIT_POSTGRES")
    schema = f"crossaudit_test_{secrets.token_hex(4)}"
    with server:
        server.execute(f"CREATE SCHEMA {schema}")
        joint = "&" if "?" in SERVER else "?"
        yield f"{SERVER}{joint}options=-csearch_path%3D{schema}"
        server.execute(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture
def ledger(location: str) -> Iterator[Ledger]:
    """Return an empty ledger, closed afterwards."""
    opened = Ledger.open(location)
    yield opened
    opened.close()
