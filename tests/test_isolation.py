"""The fixtures every test relies on do what they say."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import anyio
import pytest

import tests.conftest as conftest


@pytest.fixture
def attempts() -> list[str]:
    """Hand over the recorded attempts, so that a test can clear the one it made on purpose."""
    return conftest._attempts


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "example.com"])
def test_a_foreign_address_is_refused(host: str, attempts: list[str]) -> None:
    with pytest.raises(ConnectionRefusedError, match="no network"):
        socket.create_connection((host, 80), timeout=1)
    assert attempts
    attempts.clear()


async def test_a_foreign_address_is_refused_inside_a_loop(attempts: list[str]) -> None:
    with pytest.raises(OSError):
        await anyio.connect_tcp("192.0.2.1", 80)
    assert attempts
    attempts.clear()


def test_a_datagram_is_refused(attempts: list[str]) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        pytest.raises(ConnectionRefusedError),
    ):
        sender.sendto(b"x", ("192.0.2.1", 53))
    attempts.clear()


def test_loopback_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def test_keys_are_kept_in_a_directory_of_the_test(tmp_path: Path) -> None:
    assert os.environ["CROSSAUDIT_HOME"] == str(tmp_path / "home")
    assert "CROSSAUDIT_LEDGER" not in os.environ


async def test_async_tests_run_on_both_loops(anyio_backend_name: str) -> None:
    assert anyio.get_current_task().id
    assert anyio_backend_name in ("asyncio", "trio")
