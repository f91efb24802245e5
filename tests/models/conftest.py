"""One loopback server for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.loopback.server import Loopback, serving


@pytest.fixture(scope="module")
def loopback() -> Iterator[Loopback]:
    """Run the server beside the tests."""
    with serving() as server:
        yield server
