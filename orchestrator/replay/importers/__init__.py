"""Read the runs other tools recorded, and our own: one file a format, found by content.

Labels inside a record (who won, whether it was an attack) are never read: nothing of them reaches
a `Recording`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from orchestrator.domain.value import clean_text
from orchestrator.replay.importers.files import FoundFile, find_files, look_at
from orchestrator.replay.importers.formats import FORMATS, find_format
from orchestrator.replay.importers.importer import Importer
from orchestrator.replay.recording import Recording, Unreadable

__all__ = ["FORMATS", "FoundFile", "Importer", "find_files", "find_runs", "read_runs"]

RECORD_LIMIT = 16 * 2**20


def find_runs(
    paths: Iterable[Path], *, format: str | None = None, limit_bytes: int = RECORD_LIMIT
) -> Iterator[Recording | Unreadable]:
    """Read every run at `paths`, files and directories, in order.

    What holds no run is `known_format=False` in a directory and an error where it was named.
    Raises ReplayError for an unknown `format`.
    """
    for found in find_files(paths, format=format):
        if isinstance(found, Unreadable):
            yield found
        else:
            yield from _read(found, limit_bytes)


def read_runs(
    path: Path,
    *,
    format: str | None = None,
    limit_bytes: int = RECORD_LIMIT,
    base: Path | None = None,
) -> Iterator[Recording | Unreadable]:
    """Read the runs of one file; what is broken is reported in its place, never raised.

    A record above `limit_bytes` is passed over unread. The file goes by its path below `base`, or
    by its own name. Raises ReplayError for an unknown `format`.
    """
    name = clean_text(path.relative_to(base).as_posix() if base else path.name)
    importer = look_at(path, find_format(format) if format else None, named=base is None)
    if isinstance(importer, str):
        yield Unreadable(file=name, why=importer, known_format=base is None)
    else:
        yield from _read(FoundFile(path, name, importer), limit_bytes)


def _read(found: FoundFile, limit: int) -> Iterator[Recording | Unreadable]:
    is_empty = True
    try:
        for item in found.importer.read(found.open(limit)):
            is_empty = False
            yield item
    except OSError as error:
        why = f"cannot be read further: {error.strerror or error}"
        yield Unreadable(file=found.name, why=why)
    else:
        if is_empty:
            yield Unreadable(file=found.name, why="holds no run")
