"""`crossaudit audit`: what a decision's suspicion is made of."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import click

from orchestrator.cli.command import Command
from orchestrator.cli.options import json_option, with_config
from orchestrator.cli.panel_story import describe_ruling
from orchestrator.cli.plain import pad, safe
from orchestrator.domain.event import Decided, PanelSettled, RulesChecked, RunOpened, VerdictGiven
from orchestrator.domain.verdict import Hit, Scored, Verdict
from orchestrator.errors import CrossauditError
from orchestrator.ledger.reader import Reader

if TYPE_CHECKING:
    from orchestrator.config import Loaded
    from orchestrator.domain.event import Event
    from orchestrator.domain.panel import Ruling
    from orchestrator.domain.run import RunFacts


@click.command(
    cls=Command,
    examples=[
        "crossaudit audit 3f2a:17            # a decision, as 'crossaudit show 3f2a' numbers it",
        "crossaudit audit 3f2a:17 --json | jq .contributions",
    ],
)
@click.argument("what", metavar="EVENT")
@json_option
@with_config(ledger=True)
def audit(loaded: Loaded, what: str, as_json: bool) -> None:
    """Show what each rule and auditor added to the suspicion of a decision.

    EVENT is RUN:NUMBER of a decision. Contributions are in log-odds: each +0.69 doubles the odds.
    An auditor that abstained, failed or saw nothing adds nothing; that is not a sign of innocence.
    """
    with closing(Reader(loaded.config.ledger.path)) as reader:
        decided = reader.event(what)
        if not isinstance(decided.fact, Decided):
            raise CrossauditError(
                f"event {what} is a {decided.fact.kind}, not a decision; "
                f"'crossaudit show {decided.run}' numbers the decisions"
            )
        case = _gather(decided, decided.fact, reader.events(decided.run))
    if as_json:
        click.echo(json.dumps(_as_data(case)))
    else:
        for line in _tell(case):
            click.echo(line)


class Case(NamedTuple):
    """A decision with what it rests on."""

    event: str
    decided: Decided
    hits: tuple[Hit, ...]
    verdicts: tuple[Verdict, ...]
    facts: RunFacts | None
    ruling: Ruling | None = None
    """What the auditors that are models came to; None where none was asked."""


def _gather(event: Event, decided: Decided, events: Iterator[Event]) -> Case:
    """Pick out what was said of the action before it was decided."""
    action = decided.decision.action
    hits: tuple[Hit, ...] = ()
    facts: RunFacts | None = None
    verdicts: list[Verdict] = []
    ruling: Ruling | None = None
    for earlier in events:
        if earlier.seq >= event.seq:
            break
        match earlier.fact:
            case RunOpened():
                facts = earlier.fact.facts
            case RulesChecked(turn=decided.turn, hits=all_hits):
                hits = tuple(hit for hit in all_hits if hit.action == action)
            case VerdictGiven(turn=decided.turn, verdict=verdict):
                if verdict.action in (None, action):
                    verdicts.append(verdict)
            case PanelSettled(turn=decided.turn, ruling=settled) if settled.action == action:
                ruling = settled
    return Case(event.id, decided, hits, tuple(verdicts), facts, ruling)


def _tell(case: Case) -> Iterator[str]:
    decision = case.decided.decision
    judged = "" if decision.judged is decision.decision else f" (judged {decision.judged})"
    yield f"{safe(case.event)}  {decision.decision}{judged}  {safe(decision.tool, 40)}"
    if decision.reason:
        yield f"  {safe(decision.reason, 200)}"
    if decision.suspicion is None:
        yield "  no auditor scored: there is no suspicion, high or low"
    else:
        yield f"  suspicion {decision.suspicion:.2f}, from"
    for source, added in sorted(decision.contributions.items(), key=_by_weight):
        yield f"    {added:+6.2f}  {pad(source, 20)} {_explain(source, added)}"
    yield ""
    for hit in case.hits:
        quote = f' "{safe(hit.span.text, 60)}"' if hit.span else ""
        rule = f"rule {safe(hit.rule)} ({hit.effect}, {safe(hit.clause)})"
        yield f"  {rule}: {safe(hit.reason)}{quote}"
    for verdict in case.verdicts:
        yield from _tell_verdict(verdict)
    if case.ruling:
        yield f"  panel: {describe_ruling(case.ruling)}"
    if case.facts:
        snapshot = (case.facts.snapshot or "none")[:12]
        yield f"  weights {case.facts.weights[:12] or 'unknown'}, learned state {snapshot}"


def _tell_verdict(verdict: Verdict) -> Iterator[str]:
    look = "" if verdict.look == "first" else f", {safe(verdict.look)}"
    name = f"  {safe(verdict.auditor)}{look}"
    opinion = verdict.opinion
    if not isinstance(opinion, Scored):
        yield f"{name}: {opinion.kind}: {safe(opinion.why, 160)}"
        return
    yield f"{name}: {opinion.suspicion:.2f}"
    for claim in opinion.claims:
        if not claim.quote:
            yield f"    {safe(claim.text, 120)}"
            continue
        doubt = "" if claim.verified else " (quote not found)"
        quote = f'"{safe(claim.quote, 80)}" in {safe(claim.source)}{doubt}'
        yield f"    {safe(claim.text, 120)}: {quote}"


def _as_data(case: Case) -> dict[str, object]:
    decision = case.decided.decision
    return {
        "event": case.event,
        "decision": decision.model_dump(mode="json"),
        "contributions": decision.contributions,
        "hits": [hit.model_dump(mode="json") for hit in case.hits],
        "verdicts": [verdict.model_dump(mode="json") for verdict in case.verdicts],
        "ruling": case.ruling and case.ruling.model_dump(mode="json"),
        "weights": case.facts.weights if case.facts else "",
        "snapshot": case.facts.snapshot if case.facts else None,
    }


def _by_weight(item: tuple[str, float]) -> tuple[bool, float]:
    source, added = item
    return source != "prior", -added


def _explain(source: str, added: float) -> str:
    if source == "prior":
        return f"what any action starts from: {1 / (1 + math.exp(-added)):.0%}"
    return f"odds x {math.exp(added):.1f}"
