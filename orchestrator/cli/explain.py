"""`crossaudit explain`: the rule and the clause behind a decision, and what would be allowed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from orchestrator.cli.command import Command
from orchestrator.cli.options import complete_runs, json_option, with_config
from orchestrator.cli.panel_story import describe_ruling
from orchestrator.cli.plain import safe
from orchestrator.domain.decision import Outcome
from orchestrator.domain.event import (
    Decided,
    Event,
    PanelSettled,
    ResultObserved,
    RulesChecked,
    RunOpened,
    TurnProposed,
)
from orchestrator.errors import CrossauditError

if TYPE_CHECKING:
    from orchestrator.config import Loaded
    from orchestrator.domain.action import Action, Turn
    from orchestrator.domain.decision import Decision
    from orchestrator.domain.panel import Ruling
    from orchestrator.domain.run import RunFacts
    from orchestrator.domain.verdict import Hit
    from orchestrator.rules.rationale import Rationale
    from orchestrator.rules.ruleset import RuleSet

_NAME = 11
_WIDE = 200
_AROUND = 40


class _Case(NamedTuple):
    """What an event is about, gathered from the run around it."""

    facts: RunFacts
    turn: Turn | None
    decision: Decision | None
    hits: tuple[Hit, ...]
    ruling: Ruling | None = None


@click.command(
    cls=Command,
    examples=[
        "crossaudit explain 3f2a:17      # an event that decided, or checked rules",
        "crossaudit explain 3f2a:17 --json | jq -r .hits[].clause",
    ],
)
@click.argument("event", metavar="EVENT", shell_complete=complete_runs)
@json_option
@with_config(ledger=True)
def explain(loaded: Loaded, event: str, as_json: bool) -> None:
    """Say of a decision which rule made it, what it found, why, and what would be allowed.

    EVENT is RUN:NUMBER as `crossaudit show RUN` numbers them. Words of rules and clauses are those
    of the packs here; where they are not the ones that judged, it is said.
    """
    from orchestrator.ledger.reader import Reader
    from orchestrator.rules.rationale import find_rationale
    from orchestrator.rules.ruleset import read_rules

    with closing(Reader(loaded.config.ledger.path)) as reader:
        found = reader.event(event)
        case = _gather(found, reader.events(found.run))
    ruleset, _ = read_rules(loaded.config.rules)
    told = [
        (hit, find_rationale(ruleset, hit, _stopped(case, hit), case.facts.packs))
        for hit in sorted(case.hits, key=_severity, reverse=True)
    ]
    if as_json:
        click.echo(json.dumps(_as_row(found, case, told)))
        return
    for line in _tell(found, case, told, ruleset):
        click.echo(line)


def _severity(hit: Hit) -> int:
    return 0 if hit.effect == "flag" else Outcome(hit.effect).severity


def _gather(event: Event, events: Iterator[Event]) -> _Case:
    """Return what leads up to `event`; its hits are those on its own action."""
    facts = turn = None
    checked: tuple[Hit, ...] = ()
    rulings: dict[str, Ruling] = {}
    for one in events:
        match one.fact:
            case RunOpened():
                facts = one.fact.facts
            case TurnProposed():
                turn, checked, rulings = one.fact.turn, (), {}
            case RulesChecked():
                checked = one.fact.hits
            case PanelSettled(ruling=ruling):
                rulings[ruling.action] = ruling
        if one.seq >= event.seq:
            break
    assert facts is not None
    match event.fact:
        case RulesChecked(hits=hits):
            return _Case(facts, turn, None, hits)
        case ResultObserved(hits=hits):
            return _Case(facts, turn, None, hits)
        case Decided(decision=decision):
            own = tuple(hit for hit in checked if hit.action == decision.action)
            return _Case(facts, turn, decision, own, rulings.get(decision.action))
    raise CrossauditError(
        f"{event.id} is a {event.fact.kind} event; choose one that is decided, rules_checked or "
        f"result_observed: `crossaudit show {event.run}` lists them"
    )


def _stopped(case: _Case, hit: Hit) -> str:
    """Return the sub-command of a hit, the text it stands in, or the whole call."""
    if hit.subcommand:
        return hit.subcommand
    action = _action_of(case, hit.action)
    if action is None:
        return hit.span.text if hit.span else ""
    text = _text_at(action, hit.span.path) if hit.span else None
    return text or json.dumps({action.tool: action.arguments}, ensure_ascii=False)


def _tell(
    event: Event, case: _Case, told: Sequence[tuple[Hit, Rationale]], ruleset: RuleSet
) -> Iterator[str]:
    yield _line("event", f"{event.id} {event.fact.kind}")
    if case.decision is not None:
        yield from _tell_decision(case, case.decision)
    if not told:
        yield _line("rules", "none fired")
    for hit, why in told:
        yield ""
        yield from _tell_hit(case, hit, why)
    then, now = case.facts.constitution, ruleset.constitution.ref
    if then and then != now:
        yield ""
        versions = f"{then.version}, sha256 {then.hash}; here it is {now.version}"
        yield _line("note", f"the constitution that judged was another: {versions}")


def _tell_decision(case: _Case, decision: Decision) -> Iterator[str]:
    held = "" if decision.decision is decision.judged else f", given out as {decision.decision}"
    cause = f" by {decision.cause}" if decision.cause else ""
    yield _line("decision", f"{decision.judged}{held}{cause}")
    if decision.reason:
        yield _line("because", decision.reason)
    if case.ruling:
        yield _line("panel", describe_ruling(case.ruling))
    if (action := _action_of(case, decision.action)) is not None:
        shown = json.dumps(action.arguments, ensure_ascii=False)
        yield _line("call", f"{action.tool} {shown}")


def _tell_hit(case: _Case, hit: Hit, why: Rationale) -> Iterator[str]:
    yield _line("rule", f"{hit.rule} ({hit.effect}): {hit.reason}")
    if why.pack is not None:
        yield _line("pack", f"{why.pack.name} {why.pack.version}, sha256 {why.pack.hash}")
    if why.is_changed and why.here is not None:
        yield _line("", f"not the one that is here: {why.here.version}, sha256 {why.here.hash}")
    if why.rule is None and not hit.rule.startswith("built-in."):
        yield _line("", "no configured pack has this rule any more")
    if hit.span is not None:
        yield from _tell_span(case, hit)
    if hit.subcommand:
        yield _line("sub-command", hit.subcommand)
    if hit.detail:
        yield _line("made of it", hit.detail)
    yield _line("clause", f"{hit.clause} ({why.clause.severity})" if why.clause else hit.clause)
    if why.clause is not None:
        yield _line("", why.clause.text)
        yield _line("rationale", why.clause.rationale)
    if why.rule is not None and why.rule.instead:
        yield _line("allowed", why.rule.instead)
    if why.allowed is not None:
        yield _line("for example", why.allowed)


def _tell_span(case: _Case, hit: Hit) -> Iterator[str]:
    """Show the matched text where it stands, with what is around it."""
    assert hit.span is not None
    span = hit.span
    action = _action_of(case, hit.action)
    text = _text_at(action, span.path) if action else None
    yield _line("matched", f"{span.path} {span.start}-{span.end}: {span.text}")
    if text is not None and text[span.start : span.end].startswith(span.text):
        before = safe(text[max(span.start - _AROUND, 0) : span.start])
        after = safe(text[span.end : span.end + _AROUND])
        if before or after:
            yield _line("in", f"{before}»{safe(span.text)}«{after}")


def _action_of(case: _Case, name: str) -> Action | None:
    actions = case.turn.actions if case.turn else ()
    return next((action for action in actions if action.id == name), None)


def _text_at(action: Action, path: str) -> str | None:
    from orchestrator.rules.patches import read_pointer

    found = read_pointer(action.arguments, path)
    return found if isinstance(found, str) else None


def _line(name: str, text: str) -> str:
    return f"{name:<{_NAME}}  {safe(text, _WIDE)}".rstrip()


def _as_row(event: Event, case: _Case, told: Sequence[tuple[Hit, Rationale]]) -> dict[str, Any]:
    return {
        "event": event.id,
        "decision": case.decision.model_dump(mode="json") if case.decision else None,
        "ruling": case.ruling.model_dump(mode="json") if case.ruling else None,
        "hits": [
            {
                **hit.model_dump(mode="json"),
                "clause_text": why.clause.text if why.clause else None,
                "rationale": why.clause.rationale if why.clause else None,
                "instead": why.rule.instead if why.rule else None,
                "allowed": why.allowed,
                "pack": why.pack.model_dump() if why.pack else None,
                "pack_changed": why.is_changed,
            }
            for hit, why in told
        ],
    }
