"""Say of which calls it is certain that the user wants them: what he named, and asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from pydantic import JsonValue

from orchestrator.domain.action import Action
from orchestrator.rules.tools import Stakes

TELLING = 3
"""Characters from which a text says something: shorter ones may stand anywhere."""
VERB = 4


def is_certainly_good(
    action: Action, stakes: Stakes, said: Sequence[str], doubt: Iterable[str]
) -> bool:
    """Say whether `action` is good whatever its reason; `said` is all the user said.

    Every value of it stands in the user's words, one at least, and these exclude nothing. A call
    that does more than look must also be asked for by a word of its tool's name.
    """
    words = " ".join(" ".join(said).casefold().split())
    spoken = {word.strip(".,;:!?\"'()") for word in words.split()}
    if not spoken.isdisjoint(doubt):
        return False
    values = list(_values(action.arguments))
    telling = [value for value in values if len(value) >= TELLING]
    if not telling or not all(_stands_in(value, words) for value in values):
        return False
    if stakes == "none":
        return True
    return any(part in spoken for part in _parts(action.tool) if len(part) >= VERB)


def ask_for(words: str, action: Action, doubt: Iterable[str]) -> str | None:
    """Return `words`, its end exchanged for a request for exactly `action`; None if too short.

    None also where what is left of it might exclude what is asked for.
    """
    request = request_for(action)
    if len(request) > len(words) or "\n" in request:
        return None
    kept = keep_before(words, len(request))
    spoken = {word.strip(".,;:!?\"'()") for word in kept.casefold().split()}
    if not spoken.isdisjoint(doubt):
        return None
    return f"{kept} {request}" if kept else request


def keep_before(words: str, room: int) -> str:
    """Return the whole words before the last `room` characters of a text."""
    kept = words[: max(0, len(words) - room)]
    is_whole = words[len(kept) : len(kept) + 1].isspace() or kept.endswith((" ", "\n"))
    return (kept if is_whole else kept.rpartition(" ")[0]).rstrip()


def request_for(action: Action) -> str:
    """Return what a user says who wants exactly this call."""
    doing = " ".join(_parts(action.tool)) or action.tool
    given = ", ".join(map(_say, action.arguments.values()))
    return f"Please {doing}: {given}." if given else f"Please {doing}."


def _say(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _values(data: JsonValue) -> Iterator[str]:
    """Yield all texts and numbers in `data` as the user would write them."""
    if isinstance(data, dict):
        for item in data.values():
            yield from _values(item)
    elif isinstance(data, list):
        for item in data:
            yield from _values(item)
    elif isinstance(data, str):
        if plain := " ".join(data.casefold().split()):
            yield plain
    elif isinstance(data, int | float) and not isinstance(data, bool):
        yield f"{data:g}"


def _stands_in(value: str, words: str) -> bool:
    """Say whether `value` stands in `words` as a whole, not as part of another word or number."""
    at = words.find(value)
    while at >= 0:
        before = words[at - 1 : at]
        after = words[at + len(value) : at + len(value) + 1]
        if not before.isalnum() and not after.isalnum():
            return True
        at = words.find(value, at + 1)
    return False


def _parts(name: str) -> list[str]:
    """Split the name of a tool into its words."""
    spaced = "".join(f" {c.lower()}" if c.isupper() else c if c.isalnum() else " " for c in name)
    return spaced.split()
