"""What every test stands on: no network, no state of the person who runs it, both event loops."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

ROOT = Path(__file__).parent.parent

settings.register_profile("ci", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run every async test on both event loops."""
    return str(request.param)


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep keys in a directory of the test, and forget the settings of whoever runs it."""
    for name in ("CROSSAUDIT_LEDGER", "CROSSAUDIT_RUN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("CROSSAUDIT_HOME", str(tmp_path / "home"))


@pytest.fixture(autouse=True)
def offline() -> Iterator[None]:
    """Fail a test that reached for the network, even where the code swallowed the refusal."""
    _attempts.clear()
    yield
    if _attempts:
        pytest.fail(f"reached for the network: {', '.join(_attempts)}")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the directory of recorded runs, or skip where there is none."""
    named = os.environ.get("CROSSAUDIT_SHARED")
    folder = Path(named) if named else ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip(f"no recorded runs at {folder}: set CROSSAUDIT_SHARED to where they are")
    return folder


_attempts: list[str] = []

_ADDRESS_AT = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}
_HOST_AT = {"socket.getaddrinfo": 0, "socket.gethostbyname": 0, "socket.gethostbyaddr": 0}


def _refuse_network(event: str, args: tuple[Any, ...]) -> None:
    if event in _ADDRESS_AT:
        address = args[_ADDRESS_AT[event]]
        host = address[0] if isinstance(address, tuple) else None  # else a Unix socket
    elif event in _HOST_AT:
        host = args[_HOST_AT[event]]
    else:
        return
    if not _is_local(host):
        _attempts.append(f"{event} {host}")
        raise ConnectionRefusedError(f"tests have no network: {event} {host}")


def _is_local(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(name)).is_loopback
    except ValueError:
        return False


# An audit hook sees what a patched `socket.socket` would miss: C code that uses Python's sockets,
# references taken before the patch, look-ups of names. It can't be removed, and need not be.
sys.addaudithook(_refuse_network)
