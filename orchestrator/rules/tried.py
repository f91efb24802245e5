"""Which packs have passed their examples, remembered between starts.

Running a thousand examples takes a third of a second and may import the SQL parser, so a pack is
tried once for each version of itself, of what it is judged by, and of the engine. Only this note is
kept, never a result: whoever deletes it makes the next start slower, nothing else.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

_FOLDER = "tried"


def was_tried(key: str) -> bool:
    """Say whether the pack of this key passed before."""
    return (_folder() / key).is_file()


def note_tried(key: str) -> None:
    """Remember that the pack of this key passed; where nothing can be written, do nothing."""
    with contextlib.suppress(OSError):
        _folder().mkdir(parents=True, exist_ok=True)
        (_folder() / key).touch()


def tried_key(hashes: Iterable[str]) -> str:
    """Return the key of a pack, from the hashes of its text and of what it is judged by."""
    return hashlib.sha256("\n".join([*hashes, _engine()]).encode()).hexdigest()


@functools.cache
def _engine() -> str:
    """Return what changes whenever the code of the rules does."""
    here = Path(__file__).parent
    files = sorted(here.rglob("*.py"))
    stats = [(file.relative_to(here).as_posix(), file.stat()) for file in files]
    return "\n".join(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats)


def _folder() -> Path:
    home = os.environ.get("CROSSAUDIT_HOME")
    return (Path(home) if home else Path.home() / ".crossaudit") / _FOLDER
