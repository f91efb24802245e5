"""What panels and their debates did, and what debates bought where the answer is known.

A debate is right or wrong by what it did to the panel's answer: whether its probability crossed one
half, and to the right side. That is set against the plain vote: what one further blind call did to
the same answer, on the same kind of labelled actions, with weights as cold as of a new panel. Both
are correct minus wrong flips a call, so calls cost the same on both sides.
"""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

from pydantic import Field

from orchestrator.domain.event import (
    CanaryShown,
    DebateAnswered,
    DebateClosed,
    DebateOpened,
    Event,
    PanelSettled,
    VerdictGiven,
)
from orchestrator.domain.panel import Ruling
from orchestrator.domain.usage import Usage, add_usage
from orchestrator.domain.value import Value
from orchestrator.domain.verdict import Opinion
from orchestrator.panel.aggregation import aggregate
from orchestrator.panel.votes import Vote, cast
from orchestrator.panel.weights import Member, Weights

# Above 300 lines: counts and grades come from one pass over the events.
T = TypeVar("T")
ROUNDS, SEED = 2000, 20
EVEN = 0.5
Label = tuple[str, str]
"""Run and action."""


class Draw(Protocol):
    """Return a sample, as many as were given, of anything."""

    def __call__(self, items: Sequence[T]) -> Sequence[T]:
        """Return the sample of `items`."""
        ...


class Gain(Value):
    """Correct minus wrong flips a call, with a 95 % interval by bootstrap over actions."""

    value: float
    low: float
    high: float


class Bought(Value):
    """What debates bought in one task class, over actions of known answer."""

    debates: int = 0
    correct: int = 0
    """Answers of the panel that a debate set right."""
    wrong: int = 0
    calls: int = 0
    gain: Gain | None = None
    plain: Gain | None = None
    """The same of one further blind call; None where no labelled action had one."""
    over_plain: Gain | None = None
    verdict: str = ""


class Conduct(Value):
    """What one auditor did."""

    looks: int = 0
    scored: int = 0
    abstained: int = 0
    failed: int = 0
    answers: int = 0
    """Prompts of debates it was sent."""
    silent: int = 0
    """Of these, without an answer that could be read."""
    changed: int = 0
    """Changes that counted."""
    refused: int = 0
    """Changes it asked for that did not count."""
    usage: Usage = Usage()


class Report(Value):
    """What stands in the ledger of panels and debates."""

    runs: int = 0
    actions: int = 0
    ends: dict[str, int] = Field(default_factory=dict)
    effective: float | None = None
    """Mean effective number of auditors (K_eff) of actions that somebody scored."""
    debates: int = 0
    closed: dict[str, int] = Field(default_factory=dict)
    debate_calls: int = 0
    debate_usage: Usage = Usage()
    usage: Usage = Usage()
    """Of everything, blind looks included."""
    auditors: dict[str, Conduct] = Field(default_factory=dict)
    labelled: int = 0
    """Debates whose answer is known."""
    classes: dict[str, Bought] = Field(default_factory=dict)
    off_for: tuple[str, ...] = ()
    """Task classes whose debates did not pay."""


class Debated(NamedTuple):
    """A labelled debate: how the panel's answer changed, and at how many calls."""

    flip: int
    calls: int


class Run:
    """What one run says, gathered event by event."""

    def __init__(self) -> None:
        self.opened: dict[str, DebateOpened] = {}
        self.calls: Counter[str] = Counter()
        self.rulings: dict[str, Ruling] = {}
        self.looks: dict[str, dict[str, dict[str, Opinion]]] = {}
        """Opinions by action, auditor and look, in the order they were given."""
        self.members: dict[str, Member] = {}
        self.canaries: dict[str, bool] = {}


def report(
    runs: Iterable[Iterable[Event]],
    minimum: int,
    labels: Mapping[Label, bool] | None = None,
) -> Report:
    """Report on `runs`; `labels` says which actions are known to be bad or good, canaries beside.

    A task class whose debates number `minimum` at least, and whose gain is not above 0 for sure (95
    %), nor above the plain vote's where that is known, is named in `off_for`.
    """
    tally = _Tally()
    debated: dict[str, list[Debated]] = {}
    plain: dict[str, list[int]] = {}
    for events in runs:
        run, id = Run(), ""
        for event in events:
            id = event.run
            tally.take(event)
            _gather(run, event)
        known = {a: bad for (of, a), bad in (labels or {}).items() if of == id} | run.canaries
        for action, bad in known.items():
            if (ruling := run.rulings.get(action)) is None:
                continue
            opened = run.opened.get(action)
            name = opened.task_class or "other" if opened else ""
            if opened and ruling.debated:
                flip = grade_flip(ruling.blind, ruling.probability, bad)
                debated.setdefault(name, []).append(Debated(flip, run.calls[action]))
            plain.setdefault(name, []).extend(_grade_votes(run, action, ruling, bad))
    steps = [flip for flips in plain.values() for flip in flips]
    classes = {name: weigh_class(of, steps, minimum) for name, of in sorted(debated.items())}
    return tally.sum_up().model_copy(
        update={
            "labelled": sum(map(len, debated.values())),
            "classes": classes,
            "off_for": tuple(n for n, bought in classes.items() if bought.verdict == "off"),
        }
    )


def weigh_class(debated: Sequence[Debated], plain: Sequence[int], minimum: int) -> Bought:
    """Return what labelled debates bought, and whether the class should go on with them."""
    flips = [one.flip for one in debated]
    gain = _bootstrap(lambda draw: _rate(draw(debated)))
    further = over = None
    if plain:
        further = _bootstrap(lambda draw: _mean(draw(plain)))
        over = _bootstrap(lambda draw: _rate(draw(debated)) - _mean(draw(plain)))
    low = min(gain.low, over.low) if over else gain.low
    verdict = "too few" if len(debated) < minimum else "off" if low <= 0.0 else "on"
    return Bought(
        debates=len(debated),
        correct=flips.count(1),
        wrong=flips.count(-1),
        calls=sum(one.calls for one in debated),
        gain=gain,
        plain=further,
        over_plain=over,
        verdict=verdict,
    )


def grade_flip(before: float | None, after: float | None, bad: bool) -> int:
    """Return 1 where an answer became right, -1 where it became wrong, 0 where it stayed."""
    if before is None or after is None or (before >= EVEN) is (after >= EVEN):
        return 0
    return 1 if (after >= EVEN) is bad else -1


class _Tally:
    """Count what was done, whatever is known of the answers."""

    def __init__(self) -> None:
        self._runs: set[str] = set()
        self._ends: Counter[str] = Counter()
        self._closed: Counter[str] = Counter()
        self._effective: list[float] = []
        self._debates = self._calls = 0
        self._usage: list[Usage] = []
        self._debate_usage: list[Usage] = []
        self._members: dict[str, Counter[str]] = {}
        self._spent: dict[str, list[Usage]] = {}

    def take(self, event: Event) -> None:
        """Count one event."""
        match event.fact:
            case PanelSettled(ruling=ruling):
                self._runs.add(event.run)
                self._ends[ruling.end] += 1
                self._usage.append(ruling.usage)
                if ruling.scored:
                    self._effective.append(ruling.effective)
            case VerdictGiven(verdict=verdict) if verdict.model:
                once = ("looks",) if verdict.usage else ()
                self._count(verdict.auditor, verdict.usage, verdict.opinion.kind, *once)
            case DebateOpened(calls=calls, usage=usage):
                self._debates += 1
                self._calls += calls
                self._debate_usage += [usage] if usage else []
            case DebateAnswered() as said:
                self._calls += 1
                self._debate_usage += [said.usage] if said.usage else []
                moved = said.after is not None and said.after != said.before
                kind = "changed" if said.counted else "refused" if moved else "same"
                kinds: tuple[str, ...] = (
                    ("answers", "silent") if said.after is None else ("answers", kind)
                )
                self._count(said.auditor, said.usage, *kinds)
            case DebateClosed(how=how):
                self._closed[how] += 1

    def sum_up(self) -> Report:
        """Return the counts."""
        count = len(self._effective)
        fields = [name for name in Conduct.model_fields if name != "usage"]
        return Report(
            runs=len(self._runs),
            actions=self._ends.total(),
            ends=dict(self._ends),
            effective=math.fsum(self._effective) / count if count else None,
            debates=self._debates,
            closed=dict(self._closed),
            debate_calls=self._calls,
            debate_usage=add_usage(self._debate_usage),
            usage=add_usage(self._usage),
            auditors={
                name: Conduct(
                    **{field: counts[field] for field in fields},
                    usage=add_usage(self._spent.get(name, [])),
                )
                for name, counts in sorted(self._members.items())
            },
        )

    def _count(self, name: str, usage: Usage | None, *kinds: str) -> None:
        self._members.setdefault(name, Counter()).update(kinds)
        if usage:
            self._spent.setdefault(name, []).append(usage)


def _gather(run: Run, event: Event) -> None:
    match event.fact:
        case VerdictGiven(verdict=verdict) if verdict.model and verdict.action:
            by_name = run.looks.setdefault(verdict.action, {})
            by_name.setdefault(verdict.auditor, {})[verdict.look] = verdict.opinion
            member = Member(verdict.auditor, verdict.vendor or "", verdict.model)
            run.members[verdict.auditor] = member
        case DebateOpened(action=action, calls=calls):
            run.opened[action] = event.fact
            run.calls[action] += calls
        case DebateAnswered(action=action):
            run.calls[action] += 1
        case PanelSettled(ruling=ruling):
            run.rulings[ruling.action] = ruling
        case CanaryShown(canary=canary, bad=bad):
            run.canaries[canary] = bad


def _grade_votes(run: Run, action: str, ruling: Ruling, bad: bool) -> list[int]:
    """Return what each blind vote after the first two did to the plain vote's answer."""
    if ruling.prior is None:
        return []
    weights = Weights.cold(list(run.members.values()))
    scores: dict[str, float] = {}
    answers: list[float] = []
    for name, looks in run.looks.get(action, {}).items():
        vote: Vote = cast(looks.get("first"), looks.get("second"))
        if vote.score is not None:
            scores[name] = vote.score
        answers.append(aggregate(weights, ruling.prior, scores).probability)
    pairs = itertools.pairwise(answers[1:])
    return [grade_flip(before, after, bad) for before, after in pairs]


def _bootstrap(statistic: Callable[[Draw], float]) -> Gain:
    """Return a statistic of samples that `Draw` gives, the samples themselves first."""
    value = statistic(lambda items: items)
    dice = random.Random(SEED)
    drawn = sorted(statistic(lambda i: dice.choices(i, k=len(i))) for _ in range(ROUNDS))
    return Gain(
        value=value, low=drawn[round(0.025 * (ROUNDS - 1))], high=drawn[round(0.975 * (ROUNDS - 1))]
    )


def _rate(debated: Sequence[Debated]) -> float:
    calls = sum(one.calls for one in debated)
    return sum(one.flip for one in debated) / calls if calls else 0.0


def _mean(flips: Sequence[int]) -> float:
    return sum(flips) / len(flips)
