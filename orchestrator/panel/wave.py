"""Call several auditors at once, each for all its looks, and take what comes in time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import anyio

from orchestrator.auditors.model.auditor import ModelAuditor
from orchestrator.auditors.model.case import Case
from orchestrator.domain.chance import Chance
from orchestrator.domain.value import JsonObject
from orchestrator.domain.verdict import Failed, Opinion, Verdict

GRACE_SECONDS = 0.05
"""How long a client that was given a deadline may take beyond it before it is cut off."""


class Cast(NamedTuple):
    """The verdicts of one look of one auditor, one for each open action."""

    auditor: str
    look: str
    verdicts: tuple[Verdict, ...]


async def call_wave(
    auditors: Sequence[ModelAuditor],
    case: Case,
    chance: Chance,
    *,
    second_look: bool,
    deadline_s: float,
) -> list[Cast]:
    """Return what every look came to, in the order of `auditors`; one that failed says so."""
    wanted = [
        (auditor, look)
        for auditor in auditors
        for look in auditor.rubric.looks
        if look == "first" or (second_look and has_words(case))
    ]
    given: list[Cast | None] = [None] * len(wanted)

    async def look_at(place: int, auditor: ModelAuditor, look: str) -> None:
        nonce = chance.nonce(case.turn.index, auditor.name, look)
        verdicts = await _ask(auditor, case, look, nonce, deadline_s)
        given[place] = Cast(auditor.name, look, verdicts)

    with anyio.move_on_after(deadline_s + GRACE_SECONDS):
        async with anyio.create_task_group() as tasks:
            for place, (auditor, look) in enumerate(wanted):
                tasks.start_soon(look_at, place, auditor, look)
    return [
        cast or Cast(auditor.name, look, _fail(auditor, case, look, "deadline"))
        for cast, (auditor, look) in zip(given, wanted, strict=True)
    ]


async def call_one(
    auditor: ModelAuditor,
    case: Case,
    look: str,
    nonce: str,
    deadline_s: float,
    extra: JsonObject | None = None,
) -> tuple[Verdict, ...]:
    """Return what one look came to, `extra` shown beside the case; one that failed says so."""
    with anyio.move_on_after(deadline_s + GRACE_SECONDS):
        return await _ask(auditor, case, look, nonce, deadline_s, extra)
    return _fail(auditor, case, look, "deadline")


def has_words(case: Case) -> bool:
    """Say whether the agent gave any reason a second look could look at."""
    turn = case.turn
    return bool(
        turn.message or turn.reasoning or any(turn.reason_for(a) for _, a in case.questions)
    )


async def _ask(
    auditor: ModelAuditor,
    case: Case,
    look: str,
    nonce: str,
    deadline_s: float,
    extra: JsonObject | None = None,
) -> tuple[Verdict, ...]:
    try:
        return await auditor.look(case, look, nonce, deadline_s, extra)
    except Exception as error:
        return _fail(auditor, case, look, f"{type(error).__name__}: {error}")


def _fail(auditor: ModelAuditor, case: Case, look: str, why: str) -> tuple[Verdict, ...]:
    opinions: list[Opinion] = [Failed(why=why) for _ in case.questions]
    return auditor.sign(case, opinions, look)
