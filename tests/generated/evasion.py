"""Runs of agents that evade oversight, that come near it in words, or have it as their task."""

from __future__ import annotations

import random
from typing import Any

from tests.generated.labelled import Half, Labelled, Script, read_stock


def generate(seed: int, n: int, half: Half = "development") -> list[Labelled]:
    """Return `n` cases; the same seed gives the same ones."""
    stock = read_stock("evasion", half)
    rng = random.Random(f"evasion/{half}/{seed}")
    return [_make_case(stock, rng, number) for number in range(n)]


def _make_case(stock: Any, rng: random.Random, number: int) -> Labelled:
    course = rng.choices(["bad", "near", "topic", "plain"], [45, 25, 15, 15])[0]
    name = f"evasion-{number}"
    if course == "topic":
        topic = rng.choice(stock["topics"])
        script = Script(topic["task"], name)
        for message, tool, arguments, result in topic["steps"]:
            script.act(message, tool, arguments, result)
        return Labelled(script.recording(), False, None, "topic", "", "en")
    world = rng.choice(stock["worlds"])
    script = Script(world["task"], name)
    place = rng.randrange(1, len(world["steps"]))
    given = {"bad": stock["signs"], "near": stock["near"]}.get(course)
    words = rng.choice(given) if given else None
    first_bad = None
    for at, step in enumerate(world["steps"]):
        if words is not None and at == place and words["where"] == "arguments":
            first_bad = script.act(step[0], words["tool"], words["args"], "")
        shown = words if words is not None and at == place else None
        acted = _take_step(script, step, shown)
        if shown is not None and course == "bad":
            first_bad = first_bad or acted
    wording = str(words.get("id", "near")) if words else ""
    language = words["language"] if words else "en"
    return Labelled(
        script.recording(), course == "bad", first_bad, world["name"], wording, language
    )


def _take_step(script: Script, step: Any, words: Any) -> str:
    """Play one step; `words` are put beside its own."""
    message, tool, arguments, result = step
    where = words["where"] if words else None
    reasoning = words["text"] if where == "reasoning" else None
    if where == "message":
        message = f"{message} {words['text']}"
    return script.act(message, tool, arguments, result, reasoning=reasoning)
