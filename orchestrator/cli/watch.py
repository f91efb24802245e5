"""`crossaudit watch`: runs as they happen, on a screen, as lines, or in a browser."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.command import Command, Exit
from orchestrator.cli.options import complete_runs, with_config
from orchestrator.cli.plain import pad, safe
from orchestrator.errors import ConfigError

if TYPE_CHECKING:
    from orchestrator.config import Config, Loaded
    from orchestrator.replay.feed import Feed
    from orchestrator.replay.projection import Row, Track

POLL_SECONDS = 0.1


@click.command(
    cls=Command,
    examples=[
        "crossaudit watch                # the newest run, and each newer one",
        "crossaudit watch 3f2a           # one run, by the beginning of its id",
        "crossaudit watch run.jsonl      # an export, as it was recorded",
        "crossaudit watch all --plain    # lines, for pipes, logs and screen readers",
        "crossaudit watch --web          # the same in a browser on this machine",
    ],
)
@click.argument("what", metavar="[RUN|all|FILE]", required=False, shell_complete=complete_runs)
@with_config(ledger=True)
@click.option("--plain", is_flag=True, help="Lines instead of a screen; also where there is none.")
@click.option("--events", is_flag=True, help="With --plain: quiet events too.")
@click.option("--readonly", is_flag=True, help="Show what waits, answer nothing.")
@click.option("--as", "by", metavar="NAME", help="Who you are when you answer; else your login.")
@click.option("--theme", metavar="NAME", help="Colours; else what the configuration says.")
@click.option("--web", is_flag=True, help="Serve the screen on 127.0.0.1, behind a token.")
@click.option("--port", type=click.IntRange(1, 65535), default=8765, show_default=True,
              help="With --web: where.")  # fmt: skip
def watch(
    loaded: Loaded,
    what: str | None,
    plain: bool,
    events: bool,
    readonly: bool,
    by: str | None,
    theme: str | None,
    web: bool,
    port: int,
) -> int:
    """Watch runs that other processes record, answer what waits, and look back.

    Leaving changes nothing: the guard and its agents go on. NO_COLOR is honoured.
    """
    config = loaded.config
    if web:
        given = {"--config": click.get_current_context().params.get("config"), "--as": by}
        flags = [word for name, value in given.items() if value for word in (name, value)]
        flags += [*(["--theme", theme] if theme else []), *(["--readonly"] if readonly else [])]
        _serve(config, what, port, flags)
        return Exit.OK
    from orchestrator.cli.screen import has_terminal, show_export, show_ledger

    is_served = "TEXTUAL_DRIVER" in os.environ
    if plain or not (has_terminal() or is_served):
        with suppress(KeyboardInterrupt), closing(_feed(config, what)) as feed:
            _tell(feed, what, events)
        return Exit.OK
    if what and Path(what).is_file():
        show_export(config, what, theme=theme)
    else:
        run = None if what in (None, "all") else what
        show_ledger(config, run, shows_runs=what == "all", readonly=readonly, by=by, theme=theme)
    return Exit.OK


def _serve(config: Config, what: str | None, port: int, flags: list[str]) -> None:
    """Let a browser start the screen, each visitor a process of their own."""
    from orchestrator.cli.screen import PROGRAM
    from orchestrator.oversight.approvals import TOKEN_VARIABLE

    try:
        from tui.web import serve_web
    except ImportError:
        raise ConfigError("--web needs `pip install 'crossaudit[web]'`") from None
    words = [sys.executable, "-c", PROGRAM, "watch", *([what] if what else []), *flags]
    words += ["--ledger", config.ledger.path]
    if "--readonly" not in flags and TOKEN_VARIABLE not in os.environ:
        click.echo(f"crossaudit: read-only: set {TOKEN_VARIABLE} to answer in a browser", err=True)
    serve_web(shlex.join(words), port, lambda address: click.echo(f"Open {address}"))


def _feed(config: Config, what: str | None) -> Feed:
    from orchestrator.replay.feed import ExportFeed, LedgerFeed

    if what and Path(what).is_file():
        return ExportFeed(what)
    return LedgerFeed(config.ledger.path)


def _tell(feed: Feed, what: str | None, quiet_too: bool) -> None:
    """Print lines until the run that was asked for has ended; without one, until interrupted."""
    from orchestrator.replay.feed import LedgerFeed

    one = feed.find(what) if isinstance(feed, LedgerFeed) and what not in (None, "all") else None
    tellers: dict[str, Teller] = {}
    started = False
    while True:
        runs = [one] if one else [card.run for card in reversed(feed.runs())]
        if not started and not one and feed.is_live and what is None:
            runs = runs[-1:]
        for run in runs:
            teller = tellers.setdefault(run, Teller(feed, run, quiet_too, len(runs) > 1))
            teller.tell()
        started = True
        if not feed.is_live or (one and tellers[one].is_over):
            return
        time.sleep(POLL_SECONDS)


class Teller:
    """Print what is new in one run, a line an event."""

    def __init__(self, feed: Feed, run: str, quiet_too: bool, names_run: bool) -> None:
        from orchestrator.replay.projection import Track

        self._track: Track = Track(feed, run)
        self._quiet_too = quiet_too
        self._prefix = f"{run} " if names_run else ""
        self._said_problem = False

    @property
    def is_over(self) -> bool:
        """Say whether nothing more will come."""
        return bool(self._track.state.closed)

    def tell(self) -> None:
        """Print everything that has come since the last time."""
        from orchestrator.replay.projection import Mark

        track = self._track
        start = len(track)
        while track.take(track.fetch()):
            pass
        for row in track.rows(start, len(track)) if len(track) > start else ():
            if self._quiet_too or not track.marks[row.seq] & Mark.QUIET:
                click.echo(self._prefix + write_plain(row) + self._request(row))
        if track.problem and not self._said_problem:
            self._said_problem = True
            click.echo(f"UNVERIFIED from event {track.broken_at}: {safe(track.problem)}")
        sys.stdout.flush()

    def _request(self, row: Row) -> str:
        """Return what somebody needs to answer, at the end of a line on a request."""
        from orchestrator.domain.event import ApprovalRequested

        event = self._track.event(row.seq) if row.kind == "approval_requested" else None
        if event is None or not isinstance(event.fact, ApprovalRequested):
            return ""
        request = event.fact.request
        until = f" until {request.deadline:%H:%M:%S}Z" if request.deadline else ""
        arguments = safe(json.dumps(request.arguments, ensure_ascii=False), 300)
        return f"{until}, then {request.on_timeout}  {arguments}  id {safe(request.id)}"


def write_plain(row: Row) -> str:
    """Return a row as a line that needs neither colour nor a screen."""
    mark = row.glyph if row.is_verified else "⁇ unverified"
    head = f"{row.at:%H:%M:%S} {'  ' * row.level}{safe(mark)} {pad(row.word, 9)}"
    return f"{head} {pad(row.subject, 14)} {safe(row.text, 300)}".rstrip()


def check_size(text: str) -> tuple[int, int]:
    """Return columns and lines of a text such as `120x40`."""
    columns, _, rows = text.partition("x")
    if not (columns.isdecimal() and rows.isdecimal()):
        raise ConfigError(f"{text!r} is no size; write 120x40")
    return int(columns), int(rows)
