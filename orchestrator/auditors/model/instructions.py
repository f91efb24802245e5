"""The instructions that go with a kind of question, the same for every rubric."""

from __future__ import annotations

import functools
from importlib import resources


@functools.cache
def read_instructions(name: str) -> str:
    """Return the shipped text `name`."""
    folder = resources.files("policies") / "auditors" / "instructions"
    return (folder / f"{name}.txt").read_text("utf-8").strip()
