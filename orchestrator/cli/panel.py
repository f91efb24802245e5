"""`crossaudit panel`: what the auditors that are models did, and whether their debates pay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.command import Command, Group
from orchestrator.cli.options import complete_runs, json_option, with_config
from orchestrator.cli.plain import pad, safe
from orchestrator.errors import CrossauditError

if TYPE_CHECKING:
    from orchestrator.config import Loaded
    from orchestrator.domain.usage import Usage
    from orchestrator.panel.report import Bought, Gain, Label, Report


@click.group(cls=Group, examples=["crossaudit panel report", "crossaudit panel report 3f2a --json"])
def panel() -> None:
    """Look at the auditors that are models."""


@panel.command(
    cls=Command,
    examples=[
        "crossaudit panel report                       # every run of the ledger",
        "crossaudit panel report 3f2a 77c1 --json",
        'crossaudit panel report --labels known.jsonl  # {"run": .., "action": .., "bad": true}',
    ],
)
@click.argument("runs", nargs=-1, metavar="[RUNS]...", shell_complete=complete_runs)
@click.option(
    "--labels",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON Lines of actions whose answer is known, beside canaries.",
)
@json_option
@with_config(ledger=True)
def report(loaded: Loaded, runs: tuple[str, ...], labels: Path | None, as_json: bool) -> None:
    """Report counts, cost and failures of panels, and what debates bought.

    A debate is graded where the answer is known: did the panel's probability cross one half, and
    to the right side? Against it stands what one further blind vote did, call for call.
    """
    from orchestrator.ledger.reader import Reader
    from orchestrator.panel.report import report as make_report

    minimum = loaded.config.debate.minimum
    with closing(Reader(loaded.config.ledger.path)) as reader:
        chosen = [reader.find_run(run).run for run in runs] or reader.run_ids()
        known = _read_labels(labels) if labels else None
        made = make_report((reader.events(run) for run in chosen), minimum, known)
    if as_json:
        click.echo(json.dumps(made.model_dump(mode="json")))
    else:
        for line in _tell(made, minimum):
            click.echo(line)


def _read_labels(file: Path) -> dict[Label, bool]:
    labels: dict[Label, bool] = {}
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
            run, action, bad = data["run"], data["action"], data["bad"]
        except (ValueError, KeyError, TypeError):
            run = action = bad = None
        if not (isinstance(run, str) and isinstance(action, str) and isinstance(bad, bool)):
            raise CrossauditError(
                f'{file}:{number}: a label is {{"run": TEXT, "action": TEXT, "bad": true or false}}'
            )
        labels[run, action] = bad
    return labels


def _tell(made: Report, minimum: int) -> Iterator[str]:
    if not made.actions:
        yield "no action was put before auditors that are models"
        return
    ends = ", ".join(f"{count} {end}" for end, count in sorted(made.ends.items()))
    yield f"{made.actions} actions of {made.runs} runs: {ends}; {_cost(made.usage)}"
    if made.effective is not None:
        yield f"effective auditors an action (K_eff): {made.effective:.2f}"
    yield ""
    yield f"{pad('AUDITOR', 18)} LOOKS SCORED ABSTAINED FAILED  DEBATED CHANGED REFUSED SILENT COST"
    for name, one in made.auditors.items():
        yield (
            f"{pad(name, 18)} {one.looks:>5} {one.scored:>6} {one.abstained:>9} {one.failed:>6}  "
            f"{one.answers:>7} {one.changed:>7} {one.refused:>7} {one.silent:>6} "
            f"{_cost(one.usage)}"
        )
    yield ""
    closed = ", ".join(f"{count} {how}" for how, count in sorted(made.closed.items()))
    yield (
        f"{made.debates} debates{f' ({closed})' if closed else ''}: {made.debate_calls} calls, "
        f"{_cost(made.debate_usage)}"
    )
    if not made.labelled:
        yield "no debate was over an action of known answer: what they bought is not known"
        return
    for name, bought in made.classes.items():
        yield from _tell_class(name, bought, minimum)
    if made.off_for:
        yield "debates did not pay there; to switch them off:"
        yield f"  [debate]\n  off_for = {json.dumps(list(made.off_for))}"


def _tell_class(name: str, bought: Bought, minimum: int) -> Iterator[str]:
    yield (
        f"{safe(name)}: {bought.debates} debates of known answer, {bought.correct} set right, "
        f"{bought.wrong} set wrong, {bought.calls} calls"
    )
    yield f"  correct minus wrong a call   {_show(bought.gain)}"
    yield f"  of one further blind vote    {_show(bought.plain)}"
    yield f"  debate over blind vote       {_show(bought.over_plain)}"
    if bought.verdict == "too few":
        yield f"  too few to say ({minimum} are needed)"


def _show(gain: Gain | None) -> str:
    if gain is None:
        return "not known: no labelled action had a third blind vote"
    return f"{gain.value:+.3f} [{gain.low:+.3f} {gain.high:+.3f}]"


def _cost(usage: Usage) -> str:
    money = "cost unknown" if usage.cost_usd is None else f"{usage.cost_usd:.4f} USD"
    return f"{money}, {usage.seconds:.1f} s"
