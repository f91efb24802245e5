"""A program on a terminal of its own: what it writes is read, keys go in."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from typing import Any

from orchestrator.clock import SystemClock
from tests.conftest import ROOT

PROGRAM = """
import fcntl, signal, termios
signal.signal(signal.SIGINT, signal.default_int_handler)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from orchestrator.cli import main
main()
"""
"""The terminal is the one that Ctrl+C comes from, also where the tests run in the background."""
CODES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|[=>]|[()].|[P\]].*?(\x07|\x1b\\))", re.DOTALL)
MOST_SECONDS = 60.0
ENTERED, LEFT = "\x1b[?1049h", "\x1b[?1049l"
"""How a program takes the whole screen, and gives it back."""


class Terminal:
    """One run of crossaudit; `written` is everything it wrote so far."""

    def __init__(self, words: Sequence[str], size: tuple[int, int] = (80, 24), **env: str) -> None:
        self.written = ""
        self._clock = SystemClock()
        self._ours, self._theirs = pty.openpty()
        self.resize(size)
        self.settings = termios.tcgetattr(self._theirs)
        self.child = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *words],
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **env},
        )

    @property
    def text(self) -> str:
        """Return what was written, without codes."""
        return CODES.sub("", self.written)

    def resize(self, size: tuple[int, int]) -> None:
        """Make the window larger or smaller."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def type(self, keys: str) -> None:
        """Press keys; forget what was written before them."""
        self.read(0.0)
        self.written = ""
        os.write(self._ours, keys.encode())

    def see(self, words: str) -> None:
        """Wait until `words` have been written since the last keys."""
        self._wait(lambda: words in self.text, repr(words))

    def end(self) -> int:
        """Wait for the program to end and return its exit code."""
        self._wait(lambda: self.child.poll() is not None, "its end")
        self.read(0.05)
        return self.child.wait()

    def is_as_before(self) -> bool:
        """Say whether the terminal echoes and reads lines as it did."""
        return termios.tcgetattr(self._theirs) == self.settings

    def close(self) -> None:
        """End the program, whatever it does."""
        self.child.kill()
        self.child.wait()
        os.close(self._ours)
        os.close(self._theirs)

    def _wait(self, is_done: Any, what: str) -> None:
        until = self._clock.monotonic() + MOST_SECONDS
        while not is_done():
            assert self._clock.monotonic() < until, f"no {what} in: {self.text[-3000:]}"
            self.read(0.05)

    def read(self, seconds: float) -> None:
        """Take what is written within `seconds`."""
        while select.select([self._ours], [], [], seconds)[0]:
            self.written += os.read(self._ours, 65536).decode("utf-8", "replace")
            seconds = 0.0
