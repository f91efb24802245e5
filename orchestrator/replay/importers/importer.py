"""What every importer is: a name, how it knows its files, and how it reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BufferedReader, FileIO
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

from orchestrator.domain.run import Source
from orchestrator.replay.importers.draft import Draft
from orchestrator.replay.importers.fields import Fields, Unfit, as_fields
from orchestrator.replay.importers.layout import read_records
from orchestrator.replay.importers.records import HEAD, Broken, Record
from orchestrator.replay.recording import Recording, Unreadable

RUN_LIMITS = 4
"""A run spread over many records may be this many times as long as the longest record."""
UNFORESEEN = "has a shape this format is not known to have"
_LINE_SUFFIXES = {".jsonl", ".ndjson"}

Runs: TypeAlias = Iterator[Recording | Unreadable]


class RunFile(NamedTuple):
    """A file to read, and what its runs are to say of where they came from."""

    path: Path
    name: str
    format: str
    limit: int
    """Longest record, in bytes."""

    def records(self) -> Iterator[Record | Broken]:
        """Split the file into its JSON values."""
        with BufferedReader(FileIO(self.path), HEAD) as stream:
            by_line = self.path.suffix.lower() in _LINE_SUFFIXES
            yield from read_records(stream, self.limit, by_line=by_line)

    def draft(self, record: int = 0, *, agent: str = "agent") -> Draft:
        """Begin a run that stands at `record`."""
        return Draft(Source(file=self.name, record=record, format=self.format), agent)

    def unreadable(self, why: str, record: int | None = None) -> Unreadable:
        """Report a record, or all of the file."""
        return Unreadable(file=self.name, record=record, why=why)


class Importer(NamedTuple):
    """One format."""

    name: str
    recognises: Callable[[object], bool]
    """Says whether one value from the head of a file is of this format."""
    read: Callable[[RunFile], Runs]


class Session(Protocol):
    """A run spread over the records of a file."""

    draft: Draft

    def take(self, at: int, entry: Fields) -> None:
        """Read the next record, `at` its 0-based place; raises Unfit."""
        ...


def each_record(
    read: Callable[[Fields, RunFile, int], Iterator[Draft]],
) -> Callable[[RunFile], Runs]:
    """Return the reader of a format in which a record holds whole runs.

    `read` gets a record, its file and its number, and may raise Unfit.
    """

    def read_runs(record: Record, file: RunFile) -> list[Recording]:
        fields = as_fields(record.data, "the record")
        return [draft.finish() for draft in read(fields, file, record.number)]

    def read_file(file: RunFile) -> Runs:
        for record in file.records():
            if isinstance(record, Broken):
                yield file.unreadable(record.why, record.number)
                continue
            try:
                runs = read_runs(record, file)
            except Exception as error:
                yield file.unreadable(record.place + say_unfit(error), record.number)
            else:
                yield from runs

    return read_file


def whole_file(
    begin: Callable[[Draft], Session], recognises: Callable[[object], bool], agent: str
) -> Callable[[RunFile], Runs]:
    """Return the reader of a format in which a file holds one run, a step or so a record."""

    def read_file(file: RunFile) -> Runs:
        session = begin(file.draft(agent=agent))
        is_known = False
        kept, most = 0, RUN_LIMITS * file.limit
        for record in file.records():
            if isinstance(record, Broken):
                yield file.unreadable(record.why, record.number)
                continue
            held = session.draft.changes
            is_known = is_known or recognises(record.data)
            try:
                session.take(record.at, as_fields(record.data, "the record"))
            except Exception as error:
                yield file.unreadable(record.place + say_unfit(error), record.number)
            kept += record.size if session.draft.changes > held else 0
            if kept > most:
                why = f"the run goes on above {most / 2**20:g} MiB and was not read further"
                yield file.unreadable(record.place + why, record.number)
                break
        if is_known or session.draft.changes:
            yield session.draft.finish()
        else:
            yield file.unreadable(f"holds nothing of a {file.format} run")

    return read_file


def say_unfit(error: Exception) -> str:
    """Say why a record is not read; a shape nobody foresaw must not stop those behind it."""
    return str(error) if isinstance(error, Unfit) else f"{UNFORESEEN} ({type(error).__name__})"
