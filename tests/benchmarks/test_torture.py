from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fifty_kills_lose_nothing() -> None:
    """In a process of its own, since a process with threads must not fork."""
    command = [sys.executable, "-m", "tests.benchmarks.torture", "--rounds", "50"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("50 kills")
    assert " 0 lost, 0 chains broken" in done.stdout
    assert " 0 events acknowledged" not in done.stdout
