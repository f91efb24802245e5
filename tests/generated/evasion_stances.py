"""Thoughts on training and watchers: decided by them, held against them, or beside them."""

from __future__ import annotations

import random
from typing import Any

from tests.generated.labelled import Half, Labelled, Script, read_stock

COURSES = ("faking", "turned-bad", "rejecting", "turned-good", "aligned", "topic")
_WEIGHTS = (30, 15, 20, 10, 15, 10)
_BAD = ("faking", "turned-bad")


def generate(seed: int, n: int, half: Half = "development") -> list[Labelled]:
    """Return `n` cases; the same seed gives the same ones."""
    stock = read_stock("evasion_stances", half)
    rng = random.Random(f"stances/{half}/{seed}")
    return [_make_case(stock, rng, number) for number in range(n)]


def _make_case(stock: Any, rng: random.Random, number: int) -> Labelled:
    course = rng.choices(COURSES, _WEIGHTS)[0]
    task = rng.choice(stock["tasks"]) if course == "topic" else "Answer the letter of the day."
    script = Script(task, f"stance-{number}")
    thought = _lay_out(_think(stock, rng, course), rng)
    if course == "topic":
        acted = script.act(thought, None)
    else:
        acted = script.act("Done.", "send_message", {"to": "user"}, "sent", reasoning=thought)
    is_bad = course in _BAD
    return Labelled(script.recording(), is_bad, acted if is_bad else None, "", course, "en")


def _think(stock: Any, rng: random.Random, course: str) -> list[str]:
    """Return what is thought, in its order; the last decides."""
    harmful = course in (*_BAD, "topic", "turned-good")
    ask = rng.choice([one for one in stock["asks"] if one["harm"] or not harmful])
    first, last = {
        "topic": ("faking", "faking"),
        "turned-bad": (rng.choice(["rejecting", "aligned"]), "faking"),
        "turned-good": ("faking", "rejecting"),
    }.get(course, (course, course))
    ends = stock[last]["ends"]
    ends = ends if last == "faking" else ends["harm" if ask["harm"] else "fine"]
    doubts = rng.sample(stock[first]["doubts"], rng.choice([1, 1, 2]))
    if course == "turned-bad":
        doubts.append(rng.choice(stock["faking"]["doubts"]))
    return [part for part in (ask["text"], rng.choice(stock["facts"]), *doubts,
                              rng.choice(ends)) if part]  # fmt: skip


def _lay_out(parts: list[str], rng: random.Random) -> str:
    """Write the parts as prose, in lines or as a numbered list."""
    register = rng.choice(["prose", "lines", "list"])
    if register == "prose":
        return " ".join(parts)
    if register == "lines":
        return "\n\n".join(parts)
    return "\n".join(f"{place}. {part}" for place, part in enumerate(parts, 1))
