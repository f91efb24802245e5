"""Check that a quote stands where it is said to stand; a claim without one counts for nothing."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping

from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.reply import ClaimGiven
from orchestrator.domain.action import Action
from orchestrator.domain.value import JsonObject
from orchestrator.domain.verdict import Claim

SHORTEST = 3
"""Characters of a quote below which it proves nothing."""


def check_claims(given: Iterable[ClaimGiven], case: Case, action: Action) -> tuple[Claim, ...]:
    """Return the claims as recorded, each marked by whether its quote was found."""
    sources = gather_sources(case, action)
    return tuple(
        Claim(
            text=claim.text,
            quote=claim.quote,
            source=claim.source,
            side=claim.side,
            verified=stands_in(claim.quote, sources.get(claim.source, ())),
        )
        for claim in given
    )


def gather_sources(case: Case, action: Action) -> Mapping[str, tuple[str, ...]]:
    """Return the texts a quote of each source may stand in, as auditors of `case` saw them."""
    turn = case.turn
    why = turn.reason_for(action)
    results = [step.result for step in case.history.steps if step.result]
    earlier = [_flatten(step.arguments) for step in case.history.steps]
    return {
        "task": (case.history.task or "",),
        "user": (case.history.task or "", *case.history.user),
        "arguments": (action.tool, _flatten(action.arguments), *earlier),
        "result": tuple(results),
        "message": (turn.message or "",),
        "reasoning": (turn.reasoning or "",),
        "justification": (_flatten(why.model_dump(mode="json")) if why else "",),
    }


def stands_in(quote: str, texts: Iterable[str]) -> bool:
    """Say whether `quote` stands in one of `texts`, but for space, case and width of letters."""
    wanted = _plain(quote)
    return len(wanted) >= SHORTEST and any(wanted in _plain(text) for text in texts)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _flatten(data: JsonObject) -> str:
    """Return the texts of `data` as they are, and its JSON: either may be quoted."""
    parts = [json.dumps(data, ensure_ascii=False)]
    queue: list[object] = [data]
    while queue:
        item = queue.pop()
        if isinstance(item, dict):
            queue.extend(item.values())
        elif isinstance(item, list):
            queue.extend(item)
        elif isinstance(item, str):
            parts.append(item)
    return "\n".join(parts)
