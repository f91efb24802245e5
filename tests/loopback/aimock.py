"""aimock, a mock of the providers written by others: fetched once into a cache, run by Node."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PACKAGE, VERSION = "@copilotkit/aimock", "1.43.0"


class NotToBeHad(Exception):
    """Node or the package is missing, and the text says which."""


@contextmanager
def running(fixtures: list[dict[str, Any]], folder: Path) -> Iterator[str]:
    """Run aimock with these fixtures and yield its address."""
    program = _find()
    file = folder / "fixtures.json"
    file.write_text(json.dumps({"fixtures": fixtures}), "utf-8")
    port = _free_port()
    command = ["node", str(program), "-p", str(port), "-f", str(file), "--log-level", "warn"]
    with (folder / "aimock.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            _wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


def _find() -> Path:
    if not shutil.which("node") or not shutil.which("npm"):
        raise NotToBeHad("there is no Node here")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "crossaudit-tests" / f"aimock-{VERSION}"
    program = folder / "node_modules" / PACKAGE / "dist" / "cli.js"
    if not program.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        options = ["--prefix", str(folder), "--no-audit", "--no-fund", "--fetch-retries=0"]
        command = ["npm", "install", *options, "--fetch-timeout=20000", f"{PACKAGE}@{VERSION}"]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=60)
        except (subprocess.SubprocessError, OSError):
            raise NotToBeHad(f"{PACKAGE} {VERSION} is not in {folder} and cannot be had") from None
    return program


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise NotToBeHad(f"aimock ended at once with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise NotToBeHad("aimock did not start within 15 s")
