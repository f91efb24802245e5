"""A short debate over an action that stays undecided: claims that are new to somebody are answered.

`rebuttal` (the default): all who voted answer each other's claims. `critic`: one auditor's claims,
the others vote again. `two_sided`: two auditors argue sides assigned by lot, and the arbiter, who
did not vote, answers them. `consultancy`: one auditor argues one side and the arbiter answers; a
weak protocol, as nobody contradicts, and there to be compared. An arbiter's answer, where it rests
on evidence, is one more vote among the others, weighed by what is known of it; it is no verdict.

A vote moves on new verified evidence only (`change.py`), and the blind ones stay on record as they
were. What no debate settles stays undecided.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.rebuttal import Rebuttal, ask_rebuttal, name_call
from orchestrator.clock import Clock
from orchestrator.config import Debate as DebateConfig
from orchestrator.domain.action import Action
from orchestrator.domain.chance import Chance
from orchestrator.domain.docket import Docket
from orchestrator.domain.event import DebateAnswered, DebateClosed, DebateOpened
from orchestrator.domain.panel import PooledClaim
from orchestrator.domain.usage import add_usage
from orchestrator.domain.verdict import Claim
from orchestrator.errors import ConfigError
from orchestrator.panel.ballot import Ballot
from orchestrator.panel.change import STABLE, is_refuted, judge_change, measure_distance
from orchestrator.panel.opening import (
    Opening,
    ask_all,
    assign_sides,
    gather_claims,
    open_critique,
    open_sides,
)
from orchestrator.panel.paraphrase import fill_template, word_claims
from orchestrator.panel.pooling import choose_shown, is_known, name_claims, pool_claims

# Above 300 lines: the rounds of a debate are read in one place, from its condition to its end.
How: TypeAlias = Literal["settled", "no valid change", "stable", "last round", "deadline"]
JUDGED = ("two_sided", "consultancy")
"""Modes that an arbiter answers."""


@dataclass(frozen=True)
class Matter:
    """An undecided action, and where it stands."""

    case: Case
    action: Action
    ballot: Ballot
    docket: Docket
    ends: float
    """Monotonic time by which the turn must be judged."""
    is_settled: Callable[[], bool]
    """Says whether the votes, as they stand, leave the band."""

    @property
    def call(self) -> str:
        """Return the label that prompts know the action by."""
        return name_call(self.case, self.action)


@dataclass
class Floor:
    """What was said so far."""

    claims: dict[str, Claim]
    shown: dict[str, PooledClaim]
    """The same, as they are shown."""
    known: dict[str, list[Claim]]
    """By reader: what it has pointed at or has been shown."""
    refuted: set[str] = field(default_factory=set)


class Debate:
    """Hold the debates of one run."""

    def __init__(
        self,
        config: DebateConfig,
        seats: Mapping[str, ModelAuditor],
        *,
        neutral: ModelAuditor | None,
        arbiter: ModelAuditor | None,
        chance: Chance,
        clock: Clock,
        call_deadline_s: float,
    ) -> None:
        self._config = config
        self._seats = seats
        self._neutral = neutral
        self._arbiter = arbiter
        self._chance = chance
        self._clock = clock
        self._call_deadline_s = call_deadline_s
        everybody = [*seats.values(), *(one for one in (neutral, arbiter) if one)]
        self._names = sorted({w for a in everybody for w in (a.name, a.vendor, a.model)})

    async def hold(self, matter: Matter) -> bool:
        """Debate `matter` if there is anything to debate, and say whether there was.

        That is a verified claim which one who voted has not addressed. Votes are changed on the
        ballot, every step stands on the docket.
        """
        config, ballot, action = self._config, matter.ballot, matter.action
        if config.mode == "off" or config.rounds == 0 or classify(matter) in config.off_for:
            return False
        voters = list(ballot.scores(action.id))
        claims = gather_claims(ballot, voters, action.id)
        pooled = pool_claims(claims)
        if not any(not is_known(p.claim, claims[v]) for v in voters for p in pooled):
            return False
        if self._left(matter) <= 0.0 or (config.mode in JUDGED and self._arbiter is None):
            return False
        opening = await self._open(matter, voters, claims)
        floor = await self._announce(matter, opening, claims)
        how, rounds = await self._run(matter, opening, floor)
        surviving = tuple(id for id in floor.claims if id not in floor.refuted)
        matter.docket.add(
            DebateClosed(
                turn=matter.case.turn.index,
                action=action.id,
                how=how,
                rounds=rounds,
                surviving=surviving,
            )
        )
        return True

    async def _open(
        self, matter: Matter, voters: Sequence[str], claims: Mapping[str, Sequence[Claim]]
    ) -> Opening:
        """Gather what the debate starts from, as its mode asks."""
        mode, case, action = self._config.mode, matter.case, matter.action
        draw = self._chance.draw(case.turn.index, matter.call, "debate", mode)
        deadline_s = self._limit(matter)
        if mode == "critic":
            called = matter.ballot.called
            return await open_critique(
                case,
                action,
                matter.ballot,
                [seat for name, seat in self._seats.items() if name not in called],
                nonce=self._nonce(matter, "critic", 0),
                draw=draw,
                deadline_s=deadline_s,
            )
        if mode in JUDGED and self._arbiter:
            sides = assign_sides(voters, mode, draw)
            advocates = {
                name: (self._seats[name], side, self._nonce(matter, name, 0))
                for name, side in sides.items()
            }
            return await open_sides(case, action, advocates, self._arbiter.name, deadline_s)
        return Opening(claims, tuple(voters))

    async def _announce(
        self, matter: Matter, opening: Opening, claims: Mapping[str, Sequence[Claim]]
    ) -> Floor:
        """Pool and word the claims, and put them on record before anybody is shown them."""
        named = name_claims(pool_claims(opening.claims))
        worded = await word_claims(
            named,
            matter.call,
            self._neutral,
            names=self._names,
            nonce=self._nonce(matter, "neutral", 0),
            deadline_s=max(0.0, self._limit(matter)),
        )
        used = [usage for usage in (opening.usage, worded.usage) if usage]
        for usage in used:
            matter.ballot.spend(usage)
        matter.docket.add(
            DebateOpened(
                turn=matter.case.turn.index,
                action=matter.action.id,
                mode=self._config.mode,
                claims=worded.claims,
                struck=tuple(c for said in opening.claims.values() for c in said if not c.verified),
                task_class=classify(matter),
                worded_by=worded.by,
                sides=dict(opening.sides),
                calls=opening.calls + (worded.usage is not None),
                usage=add_usage(used) if used else None,
                why=opening.why,
            )
        )
        await matter.docket.publish()
        known = {reader: list(claims.get(reader, ())) for reader in opening.readers}
        return Floor(named, {claim.id: claim for claim in worded.claims}, known)

    async def _run(self, matter: Matter, opening: Opening, floor: Floor) -> tuple[How, int]:
        """Hold the rounds, and return how they ended and how many there were."""
        most = self._config.rounds if self._config.mode == "rebuttal" else 1
        for number in range(1, most + 1):
            shown = self._choose(matter, opening.readers, floor, number)
            if not shown:
                return ("stable" if number > 1 else "no valid change"), number - 1
            if self._left(matter) <= 0.0:
                return "deadline", number - 1
            before = matter.ballot.scores(matter.action.id)
            given = await self._ask(matter, shown, number)
            counted = self._take(matter, floor, shown, given, number)
            await matter.docket.publish()
            if counted and matter.is_settled():
                return "settled", number
            if not counted:
                return "no valid change", number
            after = matter.ballot.scores(matter.action.id)
            if measure_distance(before.values(), after.values()) < STABLE:
                return "stable", number
        return "last round", most

    def _choose(
        self, matter: Matter, readers: Sequence[str], floor: Floor, number: int
    ) -> dict[str, tuple[PooledClaim, ...]]:
        """Return what each reader is shown: claims that are new to it; nobody without any."""
        claims = list(floor.shown.values())
        chosen: dict[str, tuple[PooledClaim, ...]] = {}
        for reader in readers:
            known = floor.known[reader]
            new = [id for id, claim in floor.claims.items() if not is_known(claim, known)]
            turn = matter.case.turn.index
            draw = self._chance.draw(turn, matter.call, "debate", number, reader)
            if new:
                chosen[reader] = choose_shown(claims, new, draw)
        return chosen

    async def _ask(
        self, matter: Matter, shown: Mapping[str, tuple[PooledClaim, ...]], number: int
    ) -> dict[str, Rebuttal]:
        """Ask all readers at once, each alone with what it is shown."""
        deadline_s = self._limit(matter)

        def answer(name: str, claims: tuple[PooledClaim, ...]) -> Callable[[], Awaitable[Rebuttal]]:
            return lambda: ask_rebuttal(
                self._seat(name),
                matter.case,
                matter.action,
                claims,
                nonce=self._nonce(matter, name, number),
                round=number,
                own=matter.ballot.vote(name, matter.action.id).score,
                deadline_s=deadline_s,
            )

        given = await ask_all({name: answer(name, c) for name, c in shown.items()}, deadline_s)
        return {name: reply or Rebuttal(why=why) for name, (reply, why) in given.items()}

    def _take(
        self,
        matter: Matter,
        floor: Floor,
        shown: Mapping[str, tuple[PooledClaim, ...]],
        given: Mapping[str, Rebuttal],
        number: int,
    ) -> bool:
        """Let valid changes stand, pool new evidence, and say whether anything changed."""
        action, changed = matter.action.id, False
        added = self._pool_evidence(matter, floor, given)
        for name, rebuttal in given.items():
            claims = {claim.id: floor.claims[claim.id] for claim in shown[name]}
            before = matter.ballot.vote(name, action).score
            change = judge_change(before, rebuttal, claims, floor.known[name])
            if change.counted and rebuttal.suspicion is not None:
                matter.ballot.change(name, action, rebuttal.suspicion)
                changed = True
            if rebuttal.usage:
                matter.ballot.spend(rebuttal.usage)
            floor.refuted.update(a.claim for a in rebuttal.answers if is_refuted(a, claims))
            cited = [a.evidence for a in rebuttal.answers if a.evidence]
            floor.known[name] += [*claims.values(), *cited]
            matter.docket.add(
                DebateAnswered(
                    turn=matter.case.turn.index,
                    action=action,
                    round=number,
                    auditor=name,
                    answers=rebuttal.answers,
                    before=before,
                    after=rebuttal.suspicion,
                    counted=change.counted,
                    why=change.why,
                    shown=tuple(claim.id for claim in shown[name]),
                    added=added.pop(name, ()),
                    prompt=rebuttal.prompt,
                    usage=rebuttal.usage,
                )
            )
        return changed

    def _pool_evidence(
        self, matter: Matter, floor: Floor, given: Mapping[str, Rebuttal]
    ) -> dict[str, tuple[PooledClaim, ...]]:
        """Put words that answers quote and no claim held among the claims, for the next round."""
        cited = {
            name: [
                answer.evidence.model_copy(update={"text": ""})
                for answer in rebuttal.answers
                if answer.evidence and not is_known(answer.evidence, floor.claims.values())
            ]
            for name, rebuttal in given.items()
        }
        pooled = pool_claims(cited)
        named = name_claims(pooled, first=len(floor.claims) + 1)
        worded = {id: fill_template(id, claim, matter.call) for id, claim in named.items()}
        floor.claims.update(named)
        floor.shown.update(worded)
        added: dict[str, tuple[PooledClaim, ...]] = {}
        for (_, holders), claim in zip(pooled, worded.values(), strict=True):
            first = next(name for name in given if name in holders)
            added[first] = (*added.get(first, ()), claim)
        return added

    def _seat(self, name: str) -> ModelAuditor:
        return self._arbiter if self._arbiter and name == self._arbiter.name else self._seats[name]

    def _nonce(self, matter: Matter, who: str, number: int) -> str:
        return self._chance.nonce(matter.case.turn.index, who, "debate", matter.call, number)

    def _left(self, matter: Matter) -> float:
        return matter.ends - self._clock.monotonic()

    def _limit(self, matter: Matter) -> float:
        """Return the seconds a call made now has."""
        return min(self._call_deadline_s, self._left(matter))


def classify(matter: Matter) -> str:
    """Return the task class of an action: what its tool is taken for."""
    return matter.case.kinds.get(matter.action.tool, "other")


def require_arbiter(config: DebateConfig, roles: Sequence[str]) -> None:
    """Raise ConfigError where the mode needs an arbiter and nobody has the role."""
    if config.mode in JUDGED and "arbiter" not in roles:
        raise ConfigError(
            f"debate.mode = {config.mode!r} needs somebody to decide: give one of [[auditors]] "
            "role = 'arbiter', or choose 'rebuttal', 'critic' or 'off'"
        )
