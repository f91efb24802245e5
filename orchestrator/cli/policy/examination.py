"""`policy check` and `policy test`: what is wrong with rules, and whether their examples hold."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any

import click

from orchestrator.cli.command import Command, Exit
from orchestrator.cli.options import json_option, with_config
from orchestrator.cli.plain import count, safe
from orchestrator.cli.policy.selection import select_rules
from orchestrator.cli.progress import show_progress
from orchestrator.errors import PolicyError

if TYPE_CHECKING:
    from orchestrator.config import Loaded, Rules
    from orchestrator.rules.analysis import Remark
    from orchestrator.rules.packs import Pack
    from orchestrator.rules.ruleset import RuleSet

SHOWN = 160
"""Columns a witness may take."""


@click.command(
    cls=Command,
    examples=[
        "crossaudit policy check",
        "crossaudit policy check mine.yaml",
        "crossaudit policy check '*' mine.yaml --strict   # beside every shipped pack",
    ],
)
@click.argument("packs", nargs=-1)
@click.option("--strict", is_flag=True, help="Fail also on rules that never fire or get in the "
              "way of each other.")  # fmt: skip
@json_option
@with_config()
def check(loaded: Loaded, packs: tuple[str, ...], strict: bool, as_json: bool) -> int:
    """List errors, and rules that never fire, contradict or overlap.

    PACKS are names, files or folders; else those that are configured. All errors are listed, with
    file and line; remarks come with a witness, an example that shows it.
    """
    rules = select_rules(loaded.config.rules, packs)
    faults = _find_faults(rules)
    remarks = [] if faults else _analyse(rules)
    for fault in faults:
        row = {"kind": "error", "file": fault.file, "line": fault.line, "message": str(fault)}
        click.echo(json.dumps(row) if as_json else safe(str(fault)))
    for remark in remarks:
        click.echo(json.dumps(remark._asdict()) if as_json else _describe(remark))
    if not as_json:
        click.echo(f"{count(len(faults), 'error')}, {count(len(remarks), 'remark')}")
    return Exit.FAILED if faults or (strict and remarks) else Exit.OK


@click.command(
    cls=Command,
    examples=[
        "crossaudit policy test",
        "crossaudit policy test mine.yaml",
        "crossaudit policy test --calls mine.jsonl",
    ],
)
@click.argument("packs", nargs=-1)
@click.option(
    "--calls",
    type=click.File(encoding="utf-8"),
    help='Calls of your own, one {"tool", "arguments", "expected"[, "root"]} a line.',
)
@with_config()
def test(loaded: Loaded, packs: tuple[str, ...], calls: IO[str] | None) -> int:
    """Run the examples of rules, and calls of your own.

    `expected` is flag, modify, escalate, deny or terminate, the strictest effect of all rules, or
    allow, which a flag does not break.
    """
    from orchestrator.rules.ruleset import read_rules

    ruleset, read = read_rules(select_rules(loaded.config.rules, packs))
    failed = _try_examples(ruleset, read)
    if calls is not None:
        failed += _try_calls(ruleset, calls)
    return Exit.FAILED if failed else Exit.OK


def _find_faults(rules: Rules) -> list[PolicyError]:
    """Return every fault; the usual case, that there is none, is found out by loading."""
    from orchestrator.rules.checkup import find_faults
    from orchestrator.rules.ruleset import load_rules

    try:
        load_rules(rules)
    except PolicyError as error:
        return list(find_faults(rules)) or [error]
    return []


def _analyse(rules: Rules) -> list[Remark]:
    from orchestrator.rules.analysis import analyse
    from orchestrator.rules.ruleset import read_rules

    ruleset, packs = read_rules(rules)
    found: list[Remark] = []
    with show_progress(len(ruleset.rules), "comparing rules") as bar:
        for _, remarks in analyse(ruleset, packs):
            found += remarks
            bar.update(1)
    return found


def _describe(remark: Remark) -> str:
    others = f" {', '.join(remark.others)}" if remark.others else ""
    place = f"{remark.file}:{remark.line}"
    witness = safe(_show(remark.witness), SHOWN)
    return f"{safe(place)}: {remark.rule} {remark.kind}{others}: {safe(remark.why)}\n    {witness}"


def _try_examples(ruleset: RuleSet, packs: tuple[Pack, ...]) -> int:
    """Run the examples, print those that fail and how many hold, and return how many fail."""
    from orchestrator.rules.examples import try_examples

    total = held = 0
    count = sum(
        len(rule.spec.examples.match) + len(rule.spec.examples.pass_) for rule in ruleset.rules
    )
    with show_progress(count, "trying examples") as bar:
        for trial in try_examples(ruleset, packs):
            total += 1
            held += trial.holds
            bar.update(1)
            if not trial.holds:
                click.echo(safe(str(trial.fault())))
    click.echo(f"{held} of {total} examples of {len(ruleset.rules)} rules come out as they say")
    return total - held


def _try_calls(ruleset: RuleSet, calls: IO[str]) -> int:
    from orchestrator.rules.expectations import judge, read_expectations

    total = met = 0
    for one in read_expectations(calls, calls.name):
        total += 1
        found, hits = judge(ruleset, one)
        met += one.meets(found)
        if not one.meets(found):
            by = f" by {', '.join(sorted({hit.rule for hit in hits}))}" if hits else ""
            where = safe(f"{calls.name}:{one.line}")
            shown = safe(_show({one.action.tool: one.action.arguments}), SHOWN)
            click.echo(f"{where}: {found}{by}, expected {one.expected}: {shown}")
    click.echo(f"{met} of {total} calls of {safe(calls.name)} come out as expected")
    return total - met


def _show(example: Any) -> str:
    return example if isinstance(example, str) else json.dumps(example, ensure_ascii=False)
