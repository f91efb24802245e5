"""Which files to read, of what format, and the name each goes by."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from orchestrator.domain.value import clean_text
from orchestrator.replay.importers.formats import FORMATS, find_format, recognise
from orchestrator.replay.importers.head import read_head
from orchestrator.replay.importers.importer import Importer, RunFile
from orchestrator.replay.importers.records import HEAD
from orchestrator.replay.recording import Unreadable


class FoundFile(NamedTuple):
    """A file that holds runs."""

    path: Path
    name: str
    """Its base name, or what is needed of its path to tell the files of one call apart."""
    importer: Importer

    def open(self, limit: int) -> RunFile:
        """Return what its importer reads."""
        return RunFile(self.path, self.name, self.importer.name, limit)


class _Candidate(NamedTuple):
    path: Path
    given: Path
    """What the user named: the file itself, or a directory above it."""

    @property
    def names(self) -> tuple[str, str, str]:
        below = self.path.relative_to(self.given).as_posix() if self.is_below else str(self.path)
        return clean_text(self.path.name), clean_text(below), clean_text(str(self.path))

    @property
    def is_below(self) -> bool:
        return self.path != self.given


def find_files(paths: Iterable[Path], *, format: str | None = None) -> list[FoundFile | Unreadable]:
    """Return the files at `paths` in order; directories are walked, hidden names left out.

    What holds no run is `known_format=False` in a directory and an error where it was named.
    Raises ReplayError for an unknown `format`.
    """
    wanted = find_format(format) if format else None
    looked = [
        (candidate, look_at(candidate.path, wanted, named=not candidate.is_below))
        for path in paths
        for candidate in _walk(path)
    ]
    runs = [candidate for candidate, found in looked if isinstance(found, Importer)]
    level = next((n for n in range(2) if len({c.names[n] for c in runs}) == len(runs)), 2)
    return [_name(candidate, found, level) for candidate, found in looked]


def look_at(path: Path, wanted: Importer | None = None, *, named: bool = True) -> Importer | str:
    """Return the importer for one file, or why there is none.

    A file the user named is `wanted` whatever it looks like; one that was found must be JSON.
    """
    try:
        if path.exists() and not path.is_file():
            return "is not a regular file"
        with path.open("rb", buffering=HEAD) as stream:
            head = read_head(stream.read(HEAD))
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    if wanted:
        is_json = any(value is not None for value in head)
        return wanted if named or is_json else "holds nothing that is JSON"
    return recognise(head) or (
        f"is of no known format; where it is one, name it: --format {'|'.join(FORMATS)}"
    )


def _walk(path: Path) -> list[_Candidate]:
    if not path.is_dir():
        return [_Candidate(path, path)]
    found: list[Path] = []
    for folder, below, names in os.walk(path):
        below[:] = [name for name in below if not name.startswith(".")]
        found += [Path(folder, name) for name in names if not name.startswith(".")]
    return [_Candidate(file, path) for file in sorted(found)]


def _name(candidate: _Candidate, found: Importer | str, level: int) -> FoundFile | Unreadable:
    if isinstance(found, Importer):
        return FoundFile(candidate.path, candidate.names[level], found)
    name = candidate.names[1 if candidate.is_below else 2]
    return Unreadable(file=name, why=found, known_format=not candidate.is_below)
