"""The command: without a key no network and scripted auditors; every check on them is computed."""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import click

from orchestrator.cli.command import Command
from orchestrator.cli.options import with_config
from orchestrator.cli.plain import count, safe

if TYPE_CHECKING:
    from orchestrator.config import Loaded
    from orchestrator.guard import Guard
    from orchestrator.ledger.ledger import Ledger

PAUSE_SECONDS = 1.8
ANSWER_SECONDS = 5.0
PATIENCE_SECONDS = 15.0
"""How long the scripted person waits where somebody at a screen may answer first."""


@click.command(
    cls=Command, examples=["crossaudit demo", "crossaudit demo --plain", "crossaudit demo --tui"]
)
@with_config(ledger=True)
@click.option("--plain", is_flag=True, help="Plain lines, also on a terminal.")
@click.option("--tui", is_flag=True, help="On the screen of `crossaudit watch`; you may answer.")
@click.option("--paced", is_flag=True, hidden=True)
@click.option("--record", type=click.Path(path_type=Path), help="Also export the run to this file.")
def demo(loaded: Loaded, plain: bool, tui: bool, paced: bool, record: Path | None) -> None:
    """Watch a scripted office agent work under the guard, for about 30 seconds.

    It is asked to pay the May invoice and tidy the build folder, with real tools in a temporary
    directory. Rules and local auditors judge while you watch. Three more auditors are models: real
    ones where OPENAI_API_KEY, ANTHROPIC_API_KEY or CROSSAUDIT_DEMO_BASE_URL is set (then the demo
    uses the network), else scripted ones, whose words are written down and checked like any.
    CROSSAUDIT_DEMO_MODELS names other models, e.g. openai:NAME,anthropic:NAME.
    """
    if tui:
        from orchestrator.cli.screen import show_beside

        place = ["--ledger", loaded.config.ledger.path]
        show_beside(loaded.config, ["demo", "--paced", *place], ends_with_screen=True)
        return
    from orchestrator.guard import Guard
    from orchestrator.ledger.ledger import Ledger

    ledger = Ledger.open(loaded.config.ledger.path)
    try:
        from orchestrator.cli.demo.auditors import is_scripted
        from orchestrator.cli.demo.office import demo_config

        guard = Guard(demo_config(loaded.config.ledger.path), ledger)
        is_live = not is_scripted(guard.config)
        _introduce(guard, is_live)
        with _network(is_live) as tried:
            answer_after = PATIENCE_SECONDS if paced else ANSWER_SECONDS
            run = anyio.run(_show, guard, ledger, paced or sys.stdout.isatty(), answer_after)
        _sum_up(ledger, run, tried, is_live)
        if record:
            _export(ledger, run, record)
    finally:
        ledger.close()


def _introduce(guard: Guard, is_live: bool) -> None:
    """Say who the auditors that are models are, before anything of theirs is on the screen."""
    models = guard.roster.auditors if guard.roster else ()
    if is_live:
        names = ", ".join(f"{safe(one.name)} ({safe(one.model)})" for one in models)
        click.echo(f"auditors: {names}; they are real: this uses the network and may cost money")
    else:
        names = ", ".join(safe(one.name) for one in models)
        click.echo(f"auditors: {names}; their words are written down, every check on them is not")


async def _show(guard: Guard, ledger: Ledger, slow: bool, answer_after: float) -> str:
    from orchestrator.cli.demo.office import work_through
    from orchestrator.cli.narrator import Narrator
    from orchestrator.domain.event import ApprovalRequested

    narrator = Narrator(click.echo, show_words=True)

    async def narrate(*, task_status: anyio.abc.TaskStatus[None]) -> None:
        async with guard.subscribe() as events:
            task_status.started()
            until: datetime | None = None
            while True:
                with anyio.move_on_after(1.0 if until else math.inf) as second:
                    event = await events.receive()
                if second.cancelled_caught:
                    _count_down(until, guard.clock.now())
                    continue
                if until:
                    click.echo("\r" + " " * 50 + "\r", nl=False)
                narrator.tell(event)
                asked = event.fact.request if isinstance(event.fact, ApprovalRequested) else None
                until = asked.deadline if asked and slow else None

    with tempfile.TemporaryDirectory(prefix="crossaudit-demo-") as folder:
        async with anyio.create_task_group() as tasks:
            await tasks.start(narrate)
            run = await work_through(
                guard,
                ledger,
                Path(folder),
                pause=PAUSE_SECONDS if slow else 0.0,
                answer_after=answer_after if slow else 0.0,
            )
            await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
    return run


def _count_down(until: datetime | None, now: datetime) -> None:
    if until:
        left = max((until - now).total_seconds(), 0)
        click.echo(f"\r    ? {left:.0f} s left, then it is denied", nl=False)


def _sum_up(ledger: Ledger, run: str, tried: list[str], is_live: bool) -> None:
    from orchestrator.domain.event import RunClosed
    from orchestrator.ledger.keys import Keys
    from orchestrator.ledger.verification import verify_run

    events = list(ledger.reader.events(run))
    closed = next(event.fact for event in events if isinstance(event.fact, RunClosed))
    summary = closed.summary
    share = summary.coverage.share
    report = verify_run(ledger.reader, run, keys=Keys())
    calls = summary.panel.usage.attempts if summary.panel else 0
    used = f"{calls} requests to models" if is_live else "none possible"
    decided = ", ".join(f"{count} {word}" for word, count in summary.decisions.items())
    lines = (
        "",
        f"run       {run}: {count(summary.turns, 'turn')}, {count(summary.actions, 'action')}, "
        f"{summary.held} held",
        f"decisions {decided}",
        f"auditors  {summary.auditors}",
        f"coverage  {share:.0%} of {summary.coverage.observed} results were reviewed first"
        if share is not None
        else "coverage  no result",
        f"network   {len(tried)} connections tried, {used}",
        f"verify    {_proof(report)} ({len(events)} events in {safe(ledger.location)})",
        "",
        "Next:",
        f"  crossaudit show {run}",
        "  crossaudit graph explain P1",
        "  crossaudit replay runs/demo --compare strict",
        "  crossaudit run --profile observe -- YOUR-AGENT",
    )
    for line in lines:
        click.echo(line)


def _proof(report: Any) -> str:
    if report.first_bad is not None:
        return f"broken at event {report.first_bad}: {report.why}"
    return "chain intact" + ("" if report.proof == "chain intact" else f", {report.proof}")


def _export(ledger: Ledger, run: str, path: Path) -> None:
    from orchestrator.ledger.export import export_run

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        export_run(ledger.reader, run, file)
    click.echo(f"recorded in {safe(str(path))}")


@contextmanager
def _network(is_live: bool) -> Iterator[list[str]]:
    """Yield the list of connections that are tried; unless `is_live`, refuse every one."""
    tried: list[str] = []
    is_on = True

    def refuse(event: str, args: tuple[Any, ...]) -> None:
        if not is_on or event not in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
            return
        if not is_live or event == "socket.connect":
            tried.append(event)
        if not is_live:
            raise ConnectionRefusedError("the demo has no network")

    sys.addaudithook(refuse)  # cannot be taken off again, so it is switched off
    try:
        yield tried
    finally:
        is_on = False
