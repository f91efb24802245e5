"""Start the terminal UI for a command: who answers, what is shown, and what runs beside it."""

from __future__ import annotations

import getpass
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.glyphs import draws_ascii
from orchestrator.cli.plain import safe
from orchestrator.errors import ApprovalError, ConfigError

if TYPE_CHECKING:
    from orchestrator.config import Config
    from orchestrator.replay.feed import Feed, Person
    from orchestrator.replay.player import Played

PROGRAM = "from orchestrator.cli import main; main()"
CLOSING_SECONDS = 15.0
"""How long a process may take to close its run; its agent is given 4 s of it to end."""


def show_ledger(
    config: Config,
    run: str | None = None,
    *,
    shows_runs: bool = False,
    readonly: bool = False,
    by: str | None = None,
    theme: str | None = None,
    beside: subprocess.Popen[bytes] | None = None,
    known: frozenset[str] = frozenset(),
) -> None:
    """Show the runs of the ledger until somebody leaves; the one that `beside` adds to those known.

    Where that process ends without a run, there is nothing to stay for.
    """
    from orchestrator.replay.feed import LedgerFeed
    from tui.app import Beside

    person = None if readonly else find_person(by)
    feed = LedgerFeed(config.ledger.path, person)
    if run:
        run = feed.find(run)
    options = {
        "shows_runs": shows_runs,
        "can_answer": person is not None,
        "beside": beside and Beside(known, lambda: beside.poll() is not None),
    }
    _start(config, feed, run=run, theme=theme, **options)


def show_export(config: Config, path: str, *, theme: str | None = None) -> None:
    """Show the runs of an exported file as they were recorded."""
    from orchestrator.replay.feed import ExportFeed

    _start(config, ExportFeed(path), theme=theme)


def show_played(config: Config, played: Sequence[Played], place: str) -> None:
    """Show runs that were just played, from the first event on."""
    from orchestrator.replay.feed import RecordedFeed

    feed = RecordedFeed(place, {one.run: one.stored for one in played})
    _start(config, feed, run=played[0].run, plays=True)


def show_compared(config: Config, before: Played, after: Played, names: tuple[str, str]) -> None:
    """Show one recording under two configurations, side by side."""
    from orchestrator.replay.feed import RecordedFeed
    from tui.comparison import ComparisonApp
    from tui.running import run_app

    require_terminal()
    feeds = [RecordedFeed(one.run, {one.run: one.stored}) for one in (before, after)]
    is_ascii = draws_ascii(config.tui.glyphs)
    runs = before.run, after.run
    run_app(ComparisonApp((feeds[0], feeds[1]), runs, names, config.tui.theme, is_ascii))


def show_beside(config: Config, arguments: Sequence[str], *, ends_with_screen: bool) -> int:
    """Run a command of ours in a process of its own, show its run, and return its exit code.

    The guard lives in that process: whatever happens to the screen, it goes on judging. With
    `ends_with_screen` it is stopped when the screen is left, else it is waited for. Whoever tells
    this process to end tells that one too: it closes its run.
    """
    require_terminal()
    known = _list_runs(config)
    with _leaving_when_told(), tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        try:
            show_ledger(config, beside=child, known=known)
            if child.poll() is None and not ends_with_screen:
                click.echo(
                    "The agent goes on under the guard; `crossaudit watch` shows it again, "
                    "Ctrl+C stops it.",
                    err=True,
                )
                child.wait()
        except KeyboardInterrupt:  # the terminal told the child too
            _wait_for(child)
            raise
        finally:
            _stop(child)
            said.seek(0)
            for line in said.read().decode("utf-8", "replace").splitlines()[-10:]:
                click.echo(safe(line), err=True)
    return 0 if ends_with_screen else child.returncode


@contextmanager
def _leaving_when_told() -> Iterator[None]:
    """Let SIGTERM raise SystemExit, so that what was begun is ended."""

    def leave(*_: object) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _list_runs(config: Config) -> frozenset[str]:
    from orchestrator.replay.feed import LedgerFeed

    with closing(LedgerFeed(config.ledger.path)) as feed:
        return frozenset(card.run for card in feed.runs())


def _stop(child: subprocess.Popen[bytes]) -> None:
    """End a process as Ctrl+C does, so that it can close its run; kill it if it does not."""
    if child.poll() is None:
        child.send_signal(signal.SIGINT)
        _wait_for(child)
    if child.poll() is None:
        child.kill()
        child.wait()


def _wait_for(child: subprocess.Popen[bytes]) -> None:
    with suppress(subprocess.TimeoutExpired):
        child.wait(CLOSING_SECONDS)


def find_person(
    by: str | None = None, environment: Mapping[str, str] = os.environ
) -> Person | None:
    """Return who answers from this screen; None where nobody may.

    Inside a guarded run the screen is read-only: an agent must not answer for a person.
    """
    from orchestrator.ledger.keys import Keys
    from orchestrator.oversight.approvals import check_approver
    from orchestrator.replay.feed import Person

    name = by or getpass.getuser()
    token_file = Keys().folder / "approval.token"
    try:
        check_approver(name, token_file=token_file, environment=environment)
    except ApprovalError as error:
        if by:
            raise
        click.echo(f"crossaudit: read-only: {safe(str(error))}", err=True)
        return None
    return Person(name, token_file)


def has_terminal() -> bool:
    """Say whether a screen can be shown."""
    is_dumb = os.environ.get("TERM") == "dumb"
    return sys.stdin.isatty() and sys.stdout.isatty() and not is_dumb


def require_terminal() -> None:
    """Raise ConfigError where a screen cannot be shown."""
    if not has_terminal():
        raise ConfigError("the screen needs a terminal; `crossaudit watch --plain` needs none")


def _start(config: Config, feed: Feed, *, theme: str | None = None, **options: Any) -> None:
    from tui.app import Options, run_cockpit

    chosen = theme or config.tui.theme
    is_ascii = draws_ascii(config.tui.glyphs)
    run_cockpit(feed, Options(theme=chosen, is_ascii=is_ascii, keys=config.tui.keys, **options))
