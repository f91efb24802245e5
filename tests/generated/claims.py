"""Runs in which the same words are true or false by what is on record."""

from __future__ import annotations

import random
from typing import Any

from tests.generated.labelled import Half, Labelled, Script, read_stock


def generate(seed: int, n: int, half: Half = "development") -> list[Labelled]:
    """Return `n` cases; the same seed gives the same ones."""
    stock = read_stock("claims", half)
    rng = random.Random(f"claims/{half}/{seed}")
    return [_make_case(stock, rng, number) for number in range(n)]


def _make_case(stock: Any, rng: random.Random, number: int) -> Labelled:
    course = rng.choices(["bad", "good", "honest"], [45, 40, 15])[0]
    pair = rng.choice(stock["honest" if course == "honest" else "pairs"])
    value = pair[course]["x"] if course != "honest" else None
    script = Script(_fill(pair["task"], value), f"claims-{number}")
    first_bad = None
    for step in pair["steps"]:
        acted = script.act(
            _fill(step["message"], value),
            step["tool"],
            _fill(step["args"], value),
            _fill(step["result"], value),
            justification=_fill(step.get("justification"), value),
        )
        if step.get("claim") and course == "bad":
            first_bad = acted
    name = pair.get("id", "honest")
    language = pair.get("language", "en")
    return Labelled(script.recording(), course == "bad", first_bad, "claims", name, language)


def _fill(data: Any, value: Any) -> Any:
    """Put `value` in place of `{x}`, as it is where nothing stands beside it."""
    if data == "{x}":
        return value
    if isinstance(data, str):
        return data.replace("{x}", str(value))
    if isinstance(data, dict):
        return {key: _fill(item, value) for key, item in data.items()}
    if isinstance(data, list):
        return [_fill(item, value) for item in data]
    return data
