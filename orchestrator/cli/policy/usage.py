"""`policy list` and `policy hits`: the rules, and how often they fire on recorded runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.command import Command, Exit
from orchestrator.cli.options import json_option, with_config
from orchestrator.cli.plain import pad, safe, width
from orchestrator.cli.policy.selection import find_recordings, name_recording, select_rules

if TYPE_CHECKING:
    from orchestrator.config import Config, Loaded
    from orchestrator.replay.frequency import Frequency
    from orchestrator.rules.rule import Rule
    from orchestrator.rules.ruleset import RuleSet

_Row = dict[str, Any]
_PATH = click.Path(path_type=Path)


@click.command(
    "list",
    cls=Command,
    examples=[
        "crossaudit policy list",
        "crossaudit policy list shell sql --json",
        "crossaudit policy list --on recorded/benign   # false alarms of each rule",
    ],
)
@click.argument("packs", nargs=-1)
@click.option("--on", multiple=True, type=_PATH, metavar="RUNS",
              help="Count on how many actions of these recorded runs each fires.")  # fmt: skip
@json_option
@with_config()
def list_rules(loaded: Loaded, packs: tuple[str, ...], on: tuple[Path, ...], as_json: bool) -> int:
    """List rules, their clauses and what they stop.

    PACKS are names, files or folders; else those that are configured. On benign runs, the actions
    it fires on are its false alarms.
    """
    rules = select_rules(loaded.config.rules, packs)
    config = loaded.config.model_copy(update={"rules": rules})
    code, ruleset, frequency = _count(config, on)
    rows = [_row(rule, ruleset, frequency if on else None) for rule in ruleset.rules]
    if as_json:
        for row in rows:
            click.echo(json.dumps(row))
        return code
    _print_columns(rows, ("rule", "clause", "severity", "effect", *(("actions",) if on else ())),
                   last="reason")  # fmt: skip
    counted = f"; fired on {frequency.actions} actions of {frequency.runs} runs" if on else ""
    versions = ", ".join(f"{pack.name} {pack.version}" for pack in ruleset.packs)
    click.echo(f"{len(rows)} rules of {safe(versions)}{counted}")
    return code


@click.command(
    cls=Command,
    examples=[
        "crossaudit policy hits recorded/",
        "crossaudit policy hits recorded.jsonl --json | jq 'select(.hot)'",
    ],
)
@click.argument("paths", nargs=-1, required=True, type=_PATH)
@json_option
@with_config(profile=True)
def hits(loaded: Loaded, paths: tuple[Path, ...], as_json: bool) -> int:
    """Count which rules fire on recorded runs.

    The runs are at PATHS, files or folders. The hot rules come first, the dormant ones last; hot is
    one that fires on more than one action in twenty.
    """
    code, ruleset, frequency = _count(loaded.config, paths)
    effects = {rule.spec.id: rule.spec.effect for rule in ruleset.rules}
    uses = frequency.uses()
    fired = {use.rule for use in uses}
    dormant = [rule for rule in effects if rule not in fired]
    if as_json:
        for use in [*uses, *map(frequency.use_of, dormant)]:
            row = {**use._asdict(), "hot": frequency.is_hot(use.rule), "dormant": not use.actions}
            click.echo(json.dumps(row))
        return code
    rows = [
        {
            **use._asdict(),
            "effect": effects.get(use.rule, "escalate"),
            "share": f"{use.actions / max(frequency.actions, 1):.1%}",
            "hot": "hot" if frequency.is_hot(use.rule) else "",
        }
        for use in uses
    ]
    _print_columns(rows, ("rule", "effect", "actions", "share", "runs", "hot"), last="first")
    click.echo(
        f"{len(uses)} rules fired on {frequency.actions} actions of {frequency.runs} runs; "
        f"{len(dormant)} of {len(effects)} are dormant:"
    )
    for name in dormant:
        click.echo(f"  {name}")
    return code


def _count(config: Config, paths: tuple[Path, ...]) -> tuple[int, RuleSet, Frequency]:
    """Load the rules, play the runs at `paths`, and count what fires."""
    from orchestrator.replay.frequency import Frequency
    from orchestrator.replay.player import Player

    player = Player(config)
    frequency = Frequency()

    async def take(recording: Any) -> None:
        played = await player.play(recording, frequency.runs)
        frequency.add(played.events, name_recording(played))

    code = find_recordings(config, paths, take) if paths else int(Exit.OK)
    return code, player.rules, frequency


def _row(rule: Rule, ruleset: RuleSet, frequency: Frequency | None) -> _Row:
    spec = rule.spec
    severity = next(c.severity for c in ruleset.constitution.clauses if c.id == spec.clause)
    row: _Row = {
        "rule": spec.id,
        "pack": rule.pack,
        "clause": spec.clause,
        "severity": severity,
        "effect": spec.effect,
        "on": spec.on,
        "reason": spec.reason,
        "instead": spec.instead,
    }
    if frequency is not None:
        row |= {"actions": frequency.use_of(spec.id).actions, "of": frequency.actions}
    return row


def _print_columns(rows: list[_Row], names: tuple[str, ...], last: str) -> None:
    """Print columns as wide as their content, and one that ends where it ends."""
    cells = [[safe(str(row[name]), 48) for name in names] for row in rows]
    table = [[name.upper() for name in names], *cells]
    widths = [max(map(width, column)) for column in zip(*table, strict=True)]
    tails = [last.upper(), *(safe(str(row[last]), 100) for row in rows)]
    for line, tail in zip(table, tails, strict=True):
        padded = [pad(cell, wide) for cell, wide in zip(line, widths, strict=True)]
        click.echo("  ".join([*padded, tail]).rstrip())
