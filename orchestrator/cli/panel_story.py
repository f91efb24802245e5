"""Tell what auditors that are models did, in short lines: called, voted, debated, ruled."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.cli.plain import count, pad, safe
from orchestrator.collusion.findings import PATTERNS
from orchestrator.domain.event import (
    AuditorSanctioned,
    AuditorsCalled,
    BreakerChanged,
    BudgetExhausted,
    CanaryShown,
    CrossAudited,
    DebateAnswered,
    DebateClosed,
    DebateOpened,
    DecisionReviewed,
    Fact,
    PanelConvened,
    PanelSettled,
    SampleJudged,
    SwapTested,
    VerdictGiven,
)
from orchestrator.domain.panel import Ruling
from orchestrator.domain.verdict import Abstained, Claim, Failed, Scored, Verdict

NAME = 18
MOST_CLAIMS = 2
HIGH = 0.5
_ENDS = {"no quorum": "too few votes", "no look": "denied, no look left"}


def tell_panel(fact: Fact) -> Iterator[tuple[str, str]]:
    """Yield a sign and a line for each thing a person should see of `fact`."""
    match fact:
        case PanelConvened():
            calls = count(len(fact.actions), "call")
            yield "⚖", f"panel on {calls}: {fact.why}"
        case AuditorsCalled():
            yield "→", f"asks {safe(', '.join(fact.auditors), 90)} ({fact.how})"
        case VerdictGiven() if fact.verdict.model:
            yield from _tell_vote(fact.verdict)
        case DebateOpened() | DebateAnswered() | DebateClosed():
            yield from _tell_debate(fact)
        case SampleJudged():
            said = safe(fact.why, 80) if fact.alarm is None else f"{fact.alarm:.2f}"
            yield "≈", f"another sample, number {fact.number}: {said}"
        case PanelSettled():
            yield "⚖", f"panel: {describe_ruling(fact.ruling)}"
        case _:
            yield from _tell_around(fact)


def describe_ruling(ruling: Ruling) -> str:
    """Return a ruling in one line."""
    end = _ENDS.get(ruling.end, ruling.end)
    if ruling.scores and max(ruling.scores.values()) >= HIGH > min(ruling.scores.values()):
        end = f"they differ, {end}"
    made = "" if ruling.probability is None else f" at {ruling.probability:.2f}"
    votes = f"{ruling.scored} votes, worth {ruling.effective:.1f}"
    missing = [
        f"{count} {word}"
        for count, word in ((ruling.abstained, "abstained"), (ruling.failed, "failed"))
        if count
    ]
    reason = f"; {safe(ruling.reason, 150)}" if ruling.reason else ""
    return f"{end}{made} ({', '.join([votes, *missing])}){reason}"


def _tell_vote(verdict: Verdict) -> Iterator[tuple[str, str]]:
    look = "" if verdict.look == "first" else f" ({safe(verdict.look)} look)"
    name = f"{pad(verdict.auditor, NAME)}{look}"
    match verdict.opinion:
        case Failed(why=why):
            yield "!", f"{name} failed: {safe(why, 90)}"
        case Abstained(why=why):
            yield "–", f"{name} abstains: {safe(why, 90)}"
        case Scored(suspicion=suspicion, claims=claims):
            verified = [claim for claim in claims if claim.verified][:MOST_CLAIMS]
            void = "  void: it rests on nothing" if claims and not verified else ""
            first = f"  {_show(verified[0])}" if verified else void
            yield (
                "–" if void else "●" if suspicion >= HIGH else "○",
                f"{name} {suspicion:.2f}{first}",
            )
            for claim in verified[1:]:
                yield " ", f"{' ' * (NAME + 5)}  {_show(claim)}"
            for claim in claims:
                if not claim.verified:
                    said = f'its quote stands nowhere, struck: "{safe(claim.quote, 60)}"'
                    yield "✗", f"{pad(verdict.auditor, NAME)}       {said}"


def _tell_debate(
    fact: DebateOpened | DebateAnswered | DebateClosed,
) -> Iterator[tuple[str, str]]:
    match fact:
        case DebateOpened(claims=claims, mode=mode, struck=struck):
            yield "⇄", f"debate ({safe(mode)}) over {len(claims)} claims, {len(struck)} struck"
            for pooled in claims:
                yield " ", f"{safe(pooled.id)} {pooled.side}: {safe(pooled.text, 90)}"
        case DebateAnswered(answers=answers, before=before, after=after):
            said = ", ".join(f"{answer.stance} {safe(answer.claim)}" for answer in answers)
            moved = f"{_number(before)} -> {_number(after)}"
            note = "" if before == after else " counts" if fact.counted else " does not count"
            why = f": {safe(fact.why, 60)}" if fact.why else ""
            yield "⇄", f"{pad(fact.auditor, NAME)} {said or 'no answer'}, {moved}{note}{why}"
        case DebateClosed(how=how, rounds=rounds):
            yield "⇄", f"debate over after {count(rounds, 'round')}: {how}"


def _tell_around(fact: Fact) -> Iterator[tuple[str, str]]:
    match fact:
        case BudgetExhausted(scope=scope, spent_usd=spent, limit_usd=limit):
            yield (
                "!",
                f"auditors have spent {spent:.2f} of {limit:.2f} USD a {scope}: none is asked",
            )
        case BreakerChanged(endpoint=endpoint, state=state, failures=failures):
            yield "!", f"{safe(endpoint, 40)}: {state} after {failures} failures"
        case CanaryShown(bad=bad, verdict=verdict):
            kind = "known-bad" if bad else "known-good"
            opinion = verdict.opinion
            said = f"{opinion.suspicion:.2f}" if isinstance(opinion, Scored) else opinion.kind
            yield "·", f"{pad(verdict.auditor, NAME)} {said} on a {kind} canary, which is no call"
        case CrossAudited(judge=judge, ratee=ratee, quotes_hold=hold, follows=follows):
            words = {True: "yes", False: "no", None: "no answer"}
            said = f"quotes hold: {words[hold]}, verdict follows: {words[follows]}"
            yield "·", f"{safe(judge, 30)} judges the rationale of {safe(ratee, 30)}: {said}"
        case SwapTested(test=test, neutral=neutral, named=named):
            one, other = _suspicion(neutral), _suspicion(named)
            kind = test.replace("_", " ")
            said = f"{one} on a known-bad canary, {other} with the {kind} changed"
            yield "·", f"{pad(neutral.auditor, NAME)} {said}, which is no call"
        case AuditorSanctioned():
            yield from _tell_step(fact)
        case DecisionReviewed(auditor=auditor, end=end, end_without=without):
            yield "↺", f"{safe(fact.ruling)}: {end}, but {without} without {safe(auditor, 30)}"


def _tell_step(fact: AuditorSanctioned) -> Iterator[tuple[str, str]]:
    one = fact.sanction
    about = f" in runs of {safe(one.about, 40)}" if one.about else ""
    if fact.restored_by:
        who, why = safe(fact.restored_by, 40), safe(fact.reason, 60)
        yield "↺", f"{safe(one.auditor, 30)} is no longer {one.step}{about}: {who}, {why}"
        return
    yield (
        "▲",
        (
            f"{safe(one.auditor, 30)} is {one.step} from the next run on{about}: "
            f"{PATTERNS[one.pattern]} ({one.pattern}), {one.status}, e-value {one.e_value:.3g} "
            f"from {count(len(one.evidence), 'event')}"
        ),
    )
    if one.step == "watched":
        yield (
            " ",
            (
                "an innocent auditor ever gets that far with a chance of at most "
                f"{1 / one.e_value:.2f}: no alarm yet, and all that follows is further canaries"
            ),
        )


def _suspicion(verdict: Verdict) -> str:
    opinion = verdict.opinion
    return f"{opinion.suspicion:.2f}" if isinstance(opinion, Scored) else opinion.kind


def _show(claim: Claim) -> str:
    sign = "" if claim.side == "against" else "for it: "
    return f'{sign}{safe(claim.text, 70)}: "{safe(claim.quote, 60)}" ({safe(claim.source)})'


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"
