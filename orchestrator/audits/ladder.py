"""The response ladder: what follows from evidence against an auditor, step by step.

Watched: more canaries and cross-audits, which costs calls and changes no decision. Discounted: what
it clears counts for less; what it suspects counts in full. Replaced: no vote while others make a
quorum. Quarantined: no vote at all, and past rulings are computed again without it. Each step rests
on an e-value, so that it may be taken whenever it is reached; a person can reverse each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from orchestrator.audits.observing import Observer
from orchestrator.domain.panel import Sanction, Step
from orchestrator.domain.run import RunFacts
from orchestrator.panel.weights import Learned, Weights

if TYPE_CHECKING:
    from orchestrator.collusion.findings import Finding
    from orchestrator.collusion.state import State

STEPS: tuple[Step, ...] = ("watched", "discounted", "replaced", "quarantined")
WATCH_AT = 5.0
"""E-value of the first step, below any alarm: an innocent auditor ever reaches it with a chance of
at most one in five, and all it costs then is further canaries, which clear it."""
OWN = ("P1", "P9")
"""Patterns about one auditor's own canaries; the first step on less than an alarm is for these."""
BARS: tuple[tuple[Step, float], ...] = (
    ("discounted", 20.0), ("replaced", 100.0), ("quarantined", 1000.0),
)  # fmt: skip
"""E-values from which an alarm (e-BH at .05) has each further step."""
CLEARS = 0.25
"""Share of what a discounted auditor clears that still counts."""
MORE = 4.0
"""How many times more often a watched auditor is shown canaries and judged again."""
ALONE = ("P1", "P2", "P6", "P7", "P9", "P12", "P13")
ABOUT_AGENT = ("P2", "P12", "P13")
"""Patterns whose members are an auditor and the agent it is about."""

Key = tuple[str, str, str]


class Past(NamedTuple):
    """What was done before about one auditor."""

    step: Step | None
    restored_at: Mapping[str, float]
    """By pattern, the e-value at which a person last reversed a step: only what came since
    counts."""


def decide(
    findings: Sequence[Finding], state: State, observer: Observer, past: Mapping[Key, Past]
) -> list[Sanction]:
    """Return the steps that `findings` call for and that are not taken yet, at most one a key."""
    wanted: dict[Key, Sanction] = {}
    for finding in findings:
        for name, about in _targets(finding, state):
            auditor, version = observer.identify(name)
            key = (auditor, version, about)
            before = past.get(key, Past(None, {}))
            step = _step(finding, before.restored_at.get(finding.pattern, 1.0))
            held = wanted[key].step if key in wanted else before.step
            if step is None or rank(step) <= rank(held):
                continue
            wanted[key] = Sanction(
                auditor=auditor,
                version=version,
                step=step,
                about=about,
                pattern=finding.pattern,
                members=finding.members,
                status=finding.status,
                e_value=finding.e_value or 0.0,
                evidence=tuple(map(observer.name, finding.events)),
            )
    return list(wanted.values())


def weigh(
    findings: Sequence[Finding], state: State, observer: Observer
) -> dict[Key, dict[str, float]]:
    """Return the e-value of each pattern about each auditor and what it is about."""
    known: dict[Key, dict[str, float]] = {}
    for finding in findings:
        for name, about in _targets(finding, state):
            values = known.setdefault((*observer.identify(name), about), {})
            values[finding.pattern] = max(finding.e_value or 0.0, values.get(finding.pattern, 0.0))
    return known


def rank(step: Step | None) -> int:
    """Return how far up the ladder a step is; 0 for none."""
    return STEPS.index(step) + 1 if step else 0


class Measures:
    """What steps in force mean for one run."""

    def __init__(self, facts: RunFacts, voters: Mapping[str, str], quorum: int) -> None:
        """`voters` maps the names of those who may vote to what they judge by."""
        steps: dict[str, Step] = {}
        for one in facts.sanctions:
            is_same = voters.get(one.auditor) == one.version
            if is_same and _holds(one, facts) and rank(one.step) > rank(steps.get(one.auditor)):
                steps[one.auditor] = one.step
        self.watched = frozenset(steps)
        gone = {name for name, step in steps.items() if step == "quarantined"}
        replaced = {name for name, step in steps.items() if step == "replaced"}
        if len(voters) - len(gone | replaced) >= quorum:
            gone |= replaced
        self.out = frozenset(gone)
        """Who does not vote."""
        self._discounted = {name for name, step in steps.items() if step != "watched"}

    def weigh(self, weights: Weights) -> Weights:
        """Return `weights` with less of what the discounted clear."""
        if not self._discounted:
            return weights
        changed: dict[str, Learned] = {
            name: weights.of(name).model_copy(update={"clears": CLEARS})
            for name in self._discounted
        }
        return weights.model_copy(update={"auditors": {**weights.auditors, **changed}})


def _step(finding: Finding, restored_at: float) -> Step | None:
    """Return the highest step that the evidence since the last reversal reaches."""
    value = (finding.e_value or 0.0) / max(restored_at, 1.0)
    if finding.status == "alarm":
        reached = [step for step, bar in BARS if value >= bar]
        if reached:
            return reached[-1]
    is_own = finding.pattern in OWN and finding.status != "clear"
    return "watched" if is_own and value >= WATCH_AT else None


def _targets(finding: Finding, state: State) -> Iterator[tuple[str, str]]:
    """Yield the auditors that a finding names, and the agents it is about; empty for all."""
    members = finding.members
    if not members or finding.pattern == "P8":  # it names an agent alone
        return
    if finding.pattern == "P3":
        names = list(state.auditors)
        rows = state.vendors(auditors=True).get(members[0], [])
        yield from ((names[row], f"{members[0]}/") for row in rows)
    elif finding.pattern in ALONE:
        yield members[0], members[1] if finding.pattern in ABOUT_AGENT else ""
    else:
        yield from ((member, "") for member in members)


def _holds(sanction: Sanction, facts: RunFacts) -> bool:
    about = sanction.about
    by_vendor = about.endswith("/") and (facts.model or "").startswith(about)
    return about in ("", facts.agent) or by_vendor
