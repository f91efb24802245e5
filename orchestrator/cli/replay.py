"""`crossaudit replay`: recorded runs through the same guard, with a summary or a comparison."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING

import anyio
import click

from orchestrator.cli.command import Command, Exit
from orchestrator.cli.options import with_config
from orchestrator.cli.plain import pad, safe
from orchestrator.cli.progress import track
from orchestrator.errors import ConfigError, ReplayError

if TYPE_CHECKING:
    from orchestrator.config import Config, Loaded
    from orchestrator.domain.value import JsonObject
    from orchestrator.replay.batch import Found
    from orchestrator.replay.player import Played
    from orchestrator.replay.recording import Unreadable
    from orchestrator.replay.summary import Summary

TOP_RULES = 10
MOST_WATCHED = 200
EVENTS_AT_ONCE = 5_000


@click.command(
    cls=Command,
    examples=[
        "crossaudit replay runs/demo",
        "crossaudit replay recorded/ --profile strict --json decisions.jsonl",
        "crossaudit replay recorded.jsonl --compare other.toml",
        "crossaudit replay recorded/ --replies replies.jsonl",
    ],
)
@with_config(profile=True)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--format", "format_", metavar="NAME", help="The format, where content does not tell."
)
@click.option("--json", "out", metavar="OUT", help="Write JSON Lines, one an action; - is stdout.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True,
              help="Processes; the order of the output stays.")  # fmt: skip
@click.option(
    "--tui", is_flag=True, help="Watch the runs on a screen; with --compare, side by side."
)
@click.option("--compare", metavar="CONFIG", help="List what this configuration decides otherwise.")
@click.option(
    "--ledger",
    "kept_in",
    metavar="FILE|URL",
    help="Keep the events; else they are dropped at the end.",
)
@click.option(
    "--replies",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Let model auditors answer from this cassette; a missing reply is a failed vote.",
)
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what model auditors answer to this cassette, to play it again at no cost.",
)
def replay(
    loaded: Loaded,
    paths: tuple[Path, ...],
    format_: str | None,
    out: str | None,
    workers: int,
    compare: str | None,
    kept_in: str | None,
    replies: Path | None,
    record: Path | None,
    tui: bool,
) -> int:
    """Judge recorded runs at PATHS (files or directories) again; nothing in them is executed."""
    from orchestrator.panel.members import with_cassette
    from orchestrator.replay.importers import find_runs

    config = with_cassette(loaded.config, replies=replies, record=record)
    limit = loaded.config.limits.record_mib * 1024 * 1024
    found = find_runs(paths, format=format_, limit_bytes=limit)
    if tui:
        return _watch(config, _load_other(compare) if compare else None, found, compare or "")
    with ExitStack() as stack:
        label = f"replaying {safe(str(paths[0]), 40)}"
        job = _Job(config, stack.enter_context(_open_rows(out)), workers, kept_in)
        if compare:
            job.other = _load_other(compare)
        anyio.run(job.run, stack.enter_context(track(found, label)))
    job.report()
    return Exit.FAILED if job.failed else Exit.OK


def _watch(config: Config, other: Config | None, found: Iterable[Found], name: str) -> int:
    """Play what is found, at most `MOST_WATCHED` runs, and show it."""
    from orchestrator.cli.screen import require_terminal, show_compared, show_played
    from orchestrator.replay.player import Player
    from orchestrator.replay.recording import Recording

    require_terminal()
    runs = list(islice((item for item in found if isinstance(item, Recording)), MOST_WATCHED))
    if not runs:
        raise ReplayError("there is no recorded run in it")

    async def play(settings: Config, recordings: list[Recording]) -> list[Played]:
        player = Player(settings)
        return [await player.play(one, place) for place, one in enumerate(recordings)]

    if other:
        before, after = (anyio.run(play, one, runs[:1])[0] for one in (config, other))
        show_compared(config, before, after, (config.profile, name))
    else:
        show_played(config, anyio.run(play, config, runs), str(runs[0].source.file))
    return Exit.OK


class _Job:
    """One call of the command: plays, writes rows, counts."""

    def __init__(
        self, config: Config, rows: IO[str] | None, workers: int, ledger: str | None
    ) -> None:
        from orchestrator.replay.summary import Summary

        self.config = config
        self.other: Config | None = None
        self.summary: Summary = Summary()
        self.unreadable: list[Unreadable] = []
        self.differing = 0
        self._rows = rows
        self._workers = workers
        self._location = ledger
        self._waiting = 0
        """Events played and not stored yet."""

    @property
    def failed(self) -> bool:
        """Say whether something that should have been read was not."""
        return any(item.known_format for item in self.unreadable)

    async def run(self, found: Iterable[Found]) -> None:
        """Play everything in `found`."""
        from orchestrator.ledger.keys import Keys
        from orchestrator.ledger.ledger import Ledger
        from orchestrator.replay.batch import play_all
        from orchestrator.replay.player import Player
        from orchestrator.replay.recording import Unreadable

        other = Player(self.other) if self.other else None
        keys = Keys() if self._location else None
        with _place(self._location) as location:
            ledger = Ledger.open(location, keys=keys)

            async def take(item: Found, played: Played | None) -> None:
                if isinstance(item, Unreadable):
                    self._note(item)
                    return
                assert played is not None
                self.summary.add(played.summary)
                self._write(played.rows)
                if other:
                    self._compare(played.rows, (await other.play(item)).rows)
                waiting.append(played)
                self._waiting += len(played.stored)
                if self._waiting > EVENTS_AT_ONCE:
                    await store()

            async def store() -> None:
                stored = [row for one in waiting for row in one.stored]
                await ledger.insert(stored, [event for one in waiting for event in one.events])
                waiting.clear()
                self._waiting = 0

            waiting: list[Played] = []
            try:
                await play_all(found, self.config, take, workers=self._workers, keys=keys)
                await store()
            finally:
                await ledger.aclose()

    def report(self) -> None:
        """Write the summary; on standard error where rows take standard output."""
        _print_summary(self.summary, self.unreadable, to_stderr=self._rows is not None)
        if self.other:
            click.echo(f"{self.differing} actions are decided otherwise by the other configuration")

    def _note(self, item: Unreadable) -> None:
        self.unreadable.append(item)
        place = safe(item.file) + (f", record {item.record}" if item.record is not None else "")
        why = safe(item.why, 200) if item.known_format else "not a run"
        click.echo(f"{place}: {why}", err=True)

    def _write(self, rows: list[JsonObject]) -> None:
        if self._rows:
            self._rows.writelines(json.dumps(row) + "\n" for row in rows)

    def _compare(self, before: list[JsonObject], after: list[JsonObject]) -> None:
        from orchestrator.replay.comparison import compare_rows

        for change in compare_rows(before, after):
            self.differing += 1
            old, new = change.before, change.after
            place = f"{old['source']}:{old['record']} message {old['message']}"
            fields = "; ".join(f"{f} {old[f]} -> {new[f]}" for f in change.fields)
            click.echo(f"{safe(place)}  {safe(str(old['tool']), 30)}  {safe(fields, 160)}")


def _load_other(place: str) -> Config:
    from orchestrator.config import load_config, profile_names

    if place in profile_names():
        return load_config(os.devnull, profile=place).config
    if not Path(place).is_file():
        raise ConfigError(f"--compare {place!r} is neither a file nor a profile")
    return load_config(place).config


@contextmanager
def _open_rows(out: str | None) -> Iterator[IO[str] | None]:
    if out is None:
        yield None
    elif out == "-":
        yield sys.stdout
    else:
        with Path(out).open("w", encoding="utf-8") as file:
            yield file


@contextmanager
def _place(location: str | None) -> Iterator[str]:
    if location:
        yield location
        return
    with tempfile.TemporaryDirectory(prefix="crossaudit-") as folder:
        yield str(Path(folder) / "ledger.db")


def _print_summary(summary: Summary, unreadable: list[Unreadable], *, to_stderr: bool) -> None:
    def line(name: str, text: str) -> None:
        click.echo(f"{name:<12} {text}", err=to_stderr)

    decided = ", ".join(f"{n} {word}" for word, n in summary.decisions.most_common())
    broken = [item for item in unreadable if item.known_format]
    line("runs", str(summary.runs))
    line("turns", str(summary.turns))
    line("actions", str(summary.actions))
    line("decisions", decided or "none")
    for place, ((rule, effect), count) in enumerate(summary.rules.most_common(TOP_RULES)):
        line("top rules" if place == 0 else "", f"{pad(rule, 34)} {effect:<9} {count}")
    share = summary.coverage.share
    line(
        "coverage",
        f"{share:.1%} of {summary.observed} results" if share is not None else "no result recorded",
    )
    for where, count in summary.failures.most_common():
        line("failed", f"{safe(where)}: {count}")
    line("unreadable", f"{len(broken)} (and {len(unreadable) - len(broken)} files are not a run)")
    line("auditors", summary.auditors)
