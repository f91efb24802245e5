"""Who says what at the start of a debate, by its mode, and who has to answer it."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import anyio

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.rebuttal import Advocacy, Side, ask_advocate
from orchestrator.domain.action import Action
from orchestrator.domain.usage import Usage, add_usage
from orchestrator.domain.verdict import Abstained, Claim, Failed, Scored
from orchestrator.panel.ballot import Ballot
from orchestrator.panel.wave import GRACE_SECONDS

T = TypeVar("T")


class Opening(NamedTuple):
    """What a debate starts from."""

    claims: Mapping[str, Sequence[Claim]]
    """By holder; unverified ones too, which are struck."""
    readers: tuple[str, ...]
    """Who has to answer."""
    sides: Mapping[str, str] = {}
    calls: int = 0
    usage: Usage | None = None
    why: str = ""
    """What went wrong, if anything did."""


def gather_claims(ballot: Ballot, names: Sequence[str], action: str) -> dict[str, list[Claim]]:
    """Return what auditors claimed of an action at all their looks."""
    return {
        name: [
            claim
            for opinion in ballot.looks(name, action).values()
            if isinstance(opinion, Scored)
            for claim in opinion.claims
        ]
        for name in names
    }


async def open_critique(
    case: Case,
    action: Action,
    ballot: Ballot,
    uncalled: Sequence[ModelAuditor],
    *,
    nonce: str,
    draw: random.Random,
    deadline_s: float,
) -> Opening:
    """Let one critic speak: somebody not called yet, whose look is blind, else the most suspicious.

    The critic's score is no vote: it gives claims, and the others vote again.
    """
    scores = ballot.scores(action.id)
    if not uncalled:
        critic = max(sorted(scores), key=lambda name: scores[name])
        claims = gather_claims(ballot, [critic], action.id)
        readers = tuple(name for name in scores if name != critic)
        return Opening(claims, readers, {critic: "critic"})
    chosen = draw.choice(sorted(uncalled, key=lambda auditor: auditor.name))
    looked = await ask_all(
        {chosen.name: lambda: chosen.look(case, "first", nonce, deadline_s)}, deadline_s
    )
    verdicts, why = looked[chosen.name]
    said: list[Claim] = []
    for verdict in verdicts or ():
        match verdict.opinion:
            case Scored(claims=given) if verdict.action == action.id:
                said.extend(given)
            case Failed() | Abstained() if verdict.action == action.id:
                why = verdict.opinion.why
    usage = verdicts[0].usage if verdicts else None
    sides = {chosen.name: "critic"}
    return Opening({chosen.name: said}, tuple(scores), sides, 1, usage, why)


async def open_sides(
    case: Case,
    action: Action,
    advocates: Mapping[str, tuple[ModelAuditor, Side, str]],
    arbiter: str,
    deadline_s: float,
) -> Opening:
    """Let advocates, each with its side and nonce, speak at once; only the arbiter answers."""

    def plead(auditor: ModelAuditor, side: Side, nonce: str) -> Callable[[], Awaitable[Advocacy]]:
        return lambda: ask_advocate(auditor, case, action, side, nonce=nonce, deadline_s=deadline_s)

    given = await ask_all({name: plead(*how) for name, how in advocates.items()}, deadline_s)
    spoken = {name: said or Advocacy(why=why) for name, (said, why) in given.items()}
    return Opening(
        {name: said.claims for name, said in spoken.items()},
        (arbiter,),
        {name: side for name, (_, side, _) in advocates.items()},
        len(advocates),
        add_usage(said.usage for said in spoken.values() if said.usage),
        "; ".join(sorted(said.why for said in spoken.values() if said.why)),
    )


def assign_sides(names: Sequence[str], mode: str, draw: random.Random) -> dict[str, Side]:
    """Draw who argues which side: two of `names` for both, or one for one."""
    drawn = draw.sample(sorted(names), min(len(names), 2 if mode == "two_sided" else 1))
    sides: list[Side] = ["against", "for"]
    draw.shuffle(sides)
    return dict(zip(drawn, sides, strict=False))


async def ask_all(
    asks: Mapping[str, Callable[[], Awaitable[T]]], deadline_s: float
) -> dict[str, tuple[T | None, str]]:
    """Ask everybody at once; who gives nothing in time, or raises, has a reason instead."""
    given: dict[str, tuple[T | None, str]] = dict.fromkeys(asks, (None, "deadline"))

    async def take(name: str, ask: Callable[[], Awaitable[T]]) -> None:
        try:
            given[name] = (await ask(), "")
        except Exception as error:
            given[name] = (None, f"{type(error).__name__}: {error}")

    with anyio.move_on_after(deadline_s + GRACE_SECONDS):
        async with anyio.create_task_group() as tasks:
            for name, ask in asks.items():
                tasks.start_soon(take, name, ask)
    return given
