"""What the words of a shell command mean, by program; from the tool mapping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pydantic import Field

from orchestrator.rules.schema import Access, Names, Part


class ProgramFile(Part):
    """The section as reviewers sign it; its comments say what each list means."""

    read: Names
    read_after_first: Names
    write: Names
    write_after_first: Names
    delete: Names
    copy_: Names = Field(alias="copy")
    move: Names
    link: Names
    no_files: Names
    in_place: dict[str, Names]
    outputs: dict[str, Names]
    fetch: Names
    sending: dict[str, Names]
    dial: Names
    copy_away: Names
    shell_away: Names
    valued: dict[str, Names]
    sql: dict[str, Names]


class Use(NamedTuple):
    """How a program uses its arguments."""

    access: Access
    last: Access | None = None
    """What is done to the last of several arguments, where that differs."""
    skip: int = 0
    """How many leading arguments are no paths."""


class Programs(NamedTuple):
    """The same, made for looking up."""

    uses: Mapping[str, Use]
    no_files: frozenset[str]
    in_place: Mapping[str, Names]
    outputs: Mapping[str, frozenset[str]]
    fetch: frozenset[str]
    sending: Mapping[str, frozenset[str]]
    dial: frozenset[str]
    copy_away: frozenset[str]
    shell_away: frozenset[str]
    valued: Mapping[str, frozenset[str]]
    sql: Mapping[str, frozenset[str]]


def index_programs(file: ProgramFile) -> Programs:
    """Make the section quick to look up."""
    groups: tuple[tuple[Names, Use], ...] = (
        (file.read, Use("read")),
        (file.read_after_first, Use("read", skip=1)),
        (file.write, Use("write")),
        (file.write_after_first, Use("write", skip=1)),
        (file.delete, Use("delete")),
        (file.copy_, Use("read", last="write")),
        (file.move, Use("delete", last="write")),
        (file.link, Use("use", last="write")),
    )
    return Programs(
        uses={name: use for names, use in groups for name in names},
        no_files=frozenset(file.no_files),
        in_place=file.in_place,
        outputs=_freeze(file.outputs),
        fetch=frozenset(file.fetch),
        sending=_freeze(file.sending),
        dial=frozenset(file.dial),
        copy_away=frozenset(file.copy_away),
        shell_away=frozenset(file.shell_away),
        valued=_freeze(file.valued),
        sql=_freeze(file.sql),
    )


def _freeze(table: Mapping[str, Names]) -> dict[str, frozenset[str]]:
    return {name: frozenset(values) for name, values in table.items()}
