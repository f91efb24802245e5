"""Run an app on the terminal, and give the terminal back however the app ends."""

from __future__ import annotations

import asyncio  # noqa: TID251 - Textual runs on nothing else
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.glyphs import SignedApp

TERMINATED = 128 + signal.SIGTERM
"""What a shell calls the end of a program that was told to end."""


def run_app(app: SignedApp) -> None:
    """Show `app` until somebody leaves it; SystemExit where the process is told to end."""

    async def show() -> None:
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError):  # Windows has no such signal
            loop.add_signal_handler(signal.SIGTERM, lambda: app.exit(return_code=TERMINATED))
        await app.run_async()

    with _same_after():
        asyncio.run(show())
    if app.return_code == TERMINATED:
        raise SystemExit(TERMINATED)


@contextmanager
def _same_after() -> Iterator[None]:
    """Put back what SIGTERM did: a loop that ends leaves it at its default."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
