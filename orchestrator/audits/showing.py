"""Show a canary to auditors: the same prompts, the same looks, and nothing of it counts."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.auditors.model.case import Case
from orchestrator.audits.canary import Canary
from orchestrator.audits.ladder import MORE
from orchestrator.config import Panel as PanelConfig
from orchestrator.domain.chance import Chance
from orchestrator.domain.event import CanaryShown
from orchestrator.domain.verdict import Failed, Opinion, Verdict
from orchestrator.panel.votes import cast
from orchestrator.panel.wave import call_wave, has_words

GOOD_SHARE = 1.0 / 3.0
"""Of all canaries."""
CATCHING_UP = 0.5
"""Chance of a good one where there were fewer, as not every turn has one."""


class Due(NamedTuple):
    """A canary is to be shown beside a turn."""

    auditors: tuple[str, ...]
    propensity: dict[str, float]
    """The chance each auditor had, whatever was voted."""
    draw: random.Random


def schedule(
    rate: float,
    auditors: Sequence[str],
    most: int,
    turn: int,
    chance: Chance,
    watched: Collection[str] = (),
) -> Due | None:
    """Return who is shown a canary beside `turn`, drawn whatever anybody votes; None for nobody.

    Every auditor has the same chance: all are shown the same canary, or as many as a turn has. The
    `watched` are shown further ones, beside turns of their own.
    """
    draw = chance.draw(turn, "canary")
    if not auditors:
        return None
    count = min(most, len(auditors))
    more = sorted(set(watched).intersection(auditors))
    raised = min(1.0, MORE * rate) if more else rate
    chances = dict.fromkeys(auditors, rate * count / len(auditors))
    chances.update((name, chances[name] + raised - rate) for name in more)
    drawn = draw.random()
    if drawn >= raised:
        return None
    shown = draw.sample(sorted(auditors), count) if drawn < rate else more
    return Due(tuple(shown), chances, draw)


def draw_kind(bad: int, good: int, draw: random.Random) -> bool:
    """Return whether the next canary is a bad one; good ones, harder to make, may have to catch up.

    `bad` and `good` are the canaries so far.
    """
    is_behind = good < GOOD_SHARE * (bad + good)
    return draw.random() >= (CATCHING_UP if is_behind else GOOD_SHARE)


class Showing:
    """The calls for one canary."""

    def __init__(
        self,
        make: Callable[[], Canary | None],
        auditors: Sequence[ModelAuditor],
        due: Due,
        case: Case,
        chance: Chance,
        config: PanelConfig,
        deadline_s: float,
        grade: Callable[[Canary, dict[str, float]], None],
    ) -> None:
        self._make = make
        self._auditors = auditors
        self._due = due
        self._turn = case.turn.index
        self._chance = chance
        self._config = config
        self._deadline_s = deadline_s
        self._grade = grade
        self._canary: Canary | None = None

    async def run(self) -> list[CanaryShown]:
        """Make the canary, call the auditors, and grade them by their votes."""
        self._canary = canary = self._make()
        if canary is None:
            return []
        cast_ = await call_wave(
            self._auditors,
            canary.case,
            self._chance,
            second_look=self._wants_second,
            deadline_s=min(self._config.call_deadline_s, self._deadline_s),
        )
        given = [
            verdict for one in cast_ for verdict in one.verdicts if verdict.action == canary.action
        ]
        self._grade(canary, count_votes(given))
        return [self._tell(canary, verdict) for verdict in given]

    def give_up(self, why: str) -> list[CanaryShown]:
        """Say of every look that it has no answer."""
        canary = self._canary
        if canary is None:
            return []
        opinions: list[Opinion] = [Failed(why=why) for _ in canary.case.questions]
        return [
            self._tell(canary, verdict)
            for auditor in self._auditors
            for look in auditor.rubric.looks
            if look == "first" or (self._wants_second and has_words(canary.case))
            for verdict in auditor.sign(canary.case, opinions, look)
            if verdict.action == canary.action
        ]

    @property
    def _wants_second(self) -> bool:
        return self._config.second_look != "off"

    def _tell(self, canary: Canary, verdict: Verdict) -> CanaryShown:
        return CanaryShown(
            turn=self._turn,
            canary=f"k{self._turn}",
            bad=canary.bad,
            verdict=verdict,
            propensity=self._due.propensity[verdict.auditor],
            risk=canary.risk,
            how=canary.how,
        )


def count_votes(verdicts: Sequence[Verdict]) -> dict[str, float]:
    """Return the score of each auditor that has one, by the rules that real votes follow."""
    looks: dict[str, dict[str, Opinion]] = {}
    for verdict in verdicts:
        looks.setdefault(verdict.auditor, {})[verdict.look] = verdict.opinion
    votes = {name: cast(of.get("first"), of.get("second")) for name, of in looks.items()}
    return {name: vote.score for name, vote in votes.items() if vote.score is not None}
