"""When a debate may move a vote, and when there is nothing left to move."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from orchestrator.auditors.model.rebuttal import Rebuttal
from orchestrator.domain.panel import ClaimAnswer
from orchestrator.domain.verdict import Claim
from orchestrator.panel.pooling import is_known
from orchestrator.panel.votes import ALARMING, EXPLAINS

STABLE = 0.05
"""Distance of two rounds' votes below which another round is not worth its calls."""


class Change(NamedTuple):
    """Whether a new score counts, and why it does or does not."""

    counted: bool
    why: str


def judge_change(
    before: float | None,
    rebuttal: Rebuttal,
    shown: Mapping[str, Claim],
    known: Sequence[Claim],
) -> Change:
    """Say whether the score of `rebuttal` takes the place of `before`; if not, that one stands.

    It does where every claim that was shown is answered once, and one answer at least quotes words
    that stand in the trace, that the auditor had not pointed at (`known`), and that point the way
    the score moves. A score that was none before (an arbiter's) must be carried the same way.
    """
    if rebuttal.suspicion is None:
        return Change(False, rebuttal.why or "no answer")
    if sorted(answer.claim for answer in rebuttal.answers) != sorted(shown):
        return Change(False, "did not answer each claim once")
    if rebuttal.suspicion == before:
        return Change(False, "unchanged")
    rises = rebuttal.suspicion >= ALARMING if before is None else rebuttal.suspicion > before
    for answer in rebuttal.answers:
        if carries(answer, rises, shown, known):
            return Change(True, f"new evidence on {answer.claim}")
    return Change(False, f"no new verified evidence points {'up' if rises else 'down'}")


def carries(
    answer: ClaimAnswer, rises: bool, shown: Mapping[str, Claim], known: Iterable[Claim]
) -> bool:
    """Say whether an answer's evidence lets a score rise or fall.

    The agent's own words never let one fall. A claim is accepted on its own words, so that nothing
    else is smuggled in with it, and refuted on others.
    """
    evidence = answer.evidence
    if evidence is None or not evidence.verified or answer.claim not in shown:
        return False
    if (evidence.side == "against") is not rises or is_known(evidence, known):
        return False
    if not rises and evidence.source not in EXPLAINS:
        return False
    return (answer.stance == "accepts") is is_known(evidence, [shown[answer.claim]])


def is_refuted(answer: ClaimAnswer, shown: Mapping[str, Claim]) -> bool:
    """Say whether an answer refutes its claim with verified words other than the claim's own."""
    evidence = answer.evidence
    return (
        answer.stance == "refutes"
        and evidence is not None
        and evidence.verified
        and answer.claim in shown
        and not is_known(evidence, [shown[answer.claim]])
        and (evidence.side == "against" or evidence.source in EXPLAINS)
    )


def measure_distance(one: Iterable[float], other: Iterable[float]) -> float:
    """Return the Kolmogorov-Smirnov distance of two sets of votes: 0 equal, 1 apart."""
    first, second = sorted(one), sorted(other)
    if not first or not second:
        return float(bool(first) is not bool(second))
    return max(abs(_below(first, at) - _below(second, at)) for at in {*first, *second})


def _below(votes: Sequence[float], at: float) -> float:
    return sum(vote <= at for vote in votes) / len(votes)
