"""`policy diff`: what a new version of rules would decide otherwise, before it is put to work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.command import Command
from orchestrator.cli.options import json_option, with_config
from orchestrator.cli.plain import safe
from orchestrator.cli.policy.selection import find_recordings, select_rules

if TYPE_CHECKING:
    from orchestrator.config import Config, Loaded
    from orchestrator.replay.comparison import Change
    from orchestrator.rules.ruleset import RuleSet

_SHORT_HASH = 12


@click.command(
    cls=Command,
    examples=[
        "crossaudit policy diff shell mine/shell.yaml --on recorded/",
        "crossaudit policy diff policies/v1 policies/v2 --on recorded/ --json",
        "crossaudit policy diff crossaudit.toml other.toml --on runs.jsonl",
    ],
)
@click.argument("old")
@click.argument("new")
@click.option("--on", multiple=True, required=True, type=click.Path(path_type=Path),
              metavar="RUNS", help="Recorded runs to decide both ways.")  # fmt: skip
@json_option
@with_config()
def diff(loaded: Loaded, old: str, new: str, on: tuple[Path, ...], as_json: bool) -> int:
    """List the decisions that other rules would change.

    OLD and NEW are each a pack (name or file), a folder of packs, or a configuration file (.toml).
    """
    from orchestrator.replay.comparison import compare_rows
    from orchestrator.replay.player import Player

    before, after = (Player(_configure(loaded, place)) for place in (old, new))
    changes: list[Change] = []
    actions = 0

    async def take(recording: Any) -> None:
        nonlocal actions
        rows = (await before.play(recording)).rows
        actions += len(rows)
        changes.extend(compare_rows(rows, (await after.play(recording)).rows))

    code = find_recordings(loaded.config, on, take)
    if as_json:
        for change in changes:
            click.echo(json.dumps({"before": change.before, "after": change.after}))
        return code
    click.echo(f"old {safe(_identify(old, before.rules))}")
    click.echo(f"new {safe(_identify(new, after.rules))}")
    for change in changes:
        click.echo(_describe(change))
    decided = sum("decision" in change.fields for change in changes)
    click.echo(
        f"{decided} of {actions} actions are decided otherwise; "
        f"{len(changes) - decided} come to the same by another rule"
    )
    return code


def _configure(loaded: Loaded, place: str) -> Config:
    from orchestrator.config import load_config

    if place.endswith(".toml"):
        return load_config(place).config
    rules = select_rules(loaded.config.rules, [place])
    return loaded.config.model_copy(update={"rules": rules})


def _identify(place: str, ruleset: RuleSet) -> str:
    packs = ", ".join(f"{p.name} {p.version} ({p.hash[:_SHORT_HASH]})" for p in ruleset.packs)
    return f"{place}: {packs or 'no packs'}; all rules {ruleset.hash[:_SHORT_HASH]}"


def _describe(change: Change) -> str:
    old, new = change.before, change.after
    place = f"{old['source']}:{old['record']} message {old['message']}"
    tool = safe(str(old["tool"]), 30)
    by = " -> ".join(str(side["rule"] or "no rule") for side in (old, new))
    return f"{safe(place)}  {tool}  {old['decision']} -> {new['decision']}  {safe(by, 120)}"
