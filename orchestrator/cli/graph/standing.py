"""`crossaudit graph restore` and `review`: what a person does about steps that were taken."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import click

from orchestrator.cli.command import Command, Exit
from orchestrator.cli.options import json_option, with_config
from orchestrator.cli.plain import pad, safe

if TYPE_CHECKING:
    from orchestrator.audits.standing import Standing
    from orchestrator.config import Loaded
    from orchestrator.domain.event import DecisionReviewed


@click.command(
    cls=Command,
    examples=[
        'crossaudit graph restore auditor-3 --as ada --reason "its rubric was the wrong one"'
    ],
)
@click.argument("auditor")
@click.option("--reason", required=True, help="Why; it stands in the next run's record.")
@click.option("--as", "by", required=True, metavar="NAME", help="Who you are.")
@click.option("--token", metavar="TOKEN", help="Approval token, where there is no terminal.")
@with_config(ledger=True)
def restore(loaded: Loaded, auditor: str, reason: str, by: str, token: str | None) -> int:
    """Reverse every step that was taken about AUDITOR, in a person's name.

    It holds from the next run on, whose record tells it. Evidence from before does not bring a step
    back; new evidence can. An agent under guard cannot do this.
    """
    from orchestrator.cli.approvals import TOKEN_FILE
    from orchestrator.ledger.keys import Keys
    from orchestrator.ledger.reader import Reader
    from orchestrator.oversight.approvals import check_approver

    check_approver(by, token=token, token_file=Keys().folder / TOKEN_FILE)
    with closing(Reader(loaded.config.ledger.path)) as reader:
        undone = _standing(loaded).restore(reader, auditor, by, reason)
    for fact in undone:
        about = f" in runs of {safe(fact.sanction.about)}" if fact.sanction.about else ""
        click.echo(f"{safe(auditor)} is no longer {fact.sanction.step}{about}")
    if not undone:
        click.echo(f"crossaudit: no step about {safe(auditor)} is in force", err=True)
    return Exit.OK if undone else Exit.FAILED


@click.command(
    cls=Command,
    examples=["crossaudit graph review", "crossaudit graph review auditor-3 --json"],
)
@click.argument("auditor", required=False)
@json_option
@with_config(ledger=True)
def review(loaded: Loaded, auditor: str | None, as_json: bool) -> int:
    """List the steps in force, or the rulings that hung on the vote of AUDITOR.

    The rulings are computed again without it, from the votes on record; nothing is undone.
    """
    from orchestrator.auditors.registry import PANEL, folder_beside
    from orchestrator.audits.rejudging import KINDS
    from orchestrator.audits.rejudging import review as judge_again
    from orchestrator.ledger.reader import Reader
    from orchestrator.panel.snapshot import PanelSnapshots
    from orchestrator.panel.weights import Weights

    if auditor is None:
        return _list(_standing(loaded), as_json)
    folder = folder_beside(loaded.config.ledger.path, PANEL)
    snapshots = PanelSnapshots(folder) if folder else None

    def weights_of(known: str | None) -> Weights:
        snapshot = snapshots.load(known) if snapshots and known else None
        return snapshot.weights if snapshot else Weights()

    with closing(Reader(loaded.config.ledger.path)) as reader:
        events = (event for _, event in reader.written(0, KINDS))
        found = list(judge_again(events, auditor, weights_of))
    for fact in found:
        click.echo(json.dumps(fact.model_dump(mode="json")) if as_json else _line(fact))
    if not found and not as_json:
        click.echo(f"no ruling on record hung on the vote of {safe(auditor)}")
    return Exit.OK


def _line(fact: DecisionReviewed) -> str:
    was, now = (
        f"{end}{'' if value is None else f' ({value:.2f})'}"
        for end, value in (
            (fact.end, fact.probability),
            (fact.end_without, fact.probability_without),
        )
    )
    outcome = f", decided {fact.outcome}" if fact.outcome else ""
    return f"{fact.ruling}  {safe(fact.action, 20)}: {was}, without it {now}{outcome}"


def _list(standing: Standing, as_json: bool) -> int:
    steps = standing.in_force()
    for one in steps:
        line = (
            f"{pad(one.auditor, 20)} {pad(one.step, 12)} {one.pattern}, e-value {one.e_value:.3g}"
            f" ({one.status}){f', in runs of {safe(one.about)}' if one.about else ''}"
        )
        click.echo(json.dumps(one.model_dump(mode="json")) if as_json else line)
    if not steps and not as_json:
        click.echo("no step about any auditor is in force")
    return Exit.OK


def _standing(loaded: Loaded) -> Standing:
    from orchestrator.auditors.registry import folder_beside
    from orchestrator.audits.standing import FOLDER, Standing
    from orchestrator.errors import CrossauditError

    folder = folder_beside(loaded.config.ledger.path, FOLDER)
    if folder is None:
        raise CrossauditError("steps about auditors are kept beside a ledger that is a file")
    return Standing(folder)
