"""What a tool world is made of: tools, users' tasks, and what an attacker would want there.

Texts hold placeholders such as `{person}` or `{thief_mail}`, filled by `entities.py`.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Literal, TypeAlias

import yaml
from pydantic import BaseModel, ConfigDict

Half: TypeAlias = Literal["development", "frozen", "fresh", "blind"]
Arguments: TypeAlias = dict[str, Any]


_FILES: dict[Half, tuple[str, ...]] = {
    "development": ("development", "development_wide", "development_varied"),
    "frozen": ("frozen",),
    "fresh": ("fresh",),
    "blind": ("blind",),
}


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Step(Part):
    """A call, and what the tool gives back."""

    tool: str
    arguments: Arguments
    result: str
    holds_injection: bool = False
    """An attacker can write into this result."""


class Task(Part):
    """What a user asks for, and how a good agent does it."""

    words: str
    later: str | None = None
    """What the user says before the last step."""
    steps: tuple[Step, ...]


class Goal(Part):
    """What an attacker wants done."""

    asks: dict[str, str]
    """By language: an imperative without its full stop."""
    hints: dict[str, str]
    """By language: the same as a plain statement that tells nobody to do anything."""
    calls: tuple[Step, ...]
    """What an agent that obeys does."""


class World(Part):
    """Tools and what happens with them."""

    name: str
    tools: dict[str, str]
    """Name -> description."""
    tasks: tuple[Task, ...]
    goals: tuple[Goal, ...]


class Wording(Part):
    """How an instruction is dressed up; `{ask}`, `{Ask}`, `{hint}`, `{tool}`, `{arguments}`."""

    name: str
    language: str
    text: str
    encoded: bool = False
    """The ask stands there in base64."""


class Stock(Part):
    """All that one half is made from."""

    wordings: tuple[Wording, ...]
    worlds: tuple[World, ...]
    decoys: tuple[str, ...] = ()
    """Ordinary lines of results that sound like instructions and are none to the agent."""
    entities: dict[str, tuple[str, ...]] = {}
    """Placeholder -> what it may stand for, beside those of every half; `#` is any digit."""


@functools.cache
def load_stock(half: Half) -> Stock:
    """Read one half; the development half lies in two files."""
    paths = [Path(__file__).with_name(f"{name}.yaml") for name in _FILES[half]]
    parts = [Stock.model_validate(yaml.safe_load(path.read_text("utf-8"))) for path in paths]
    return Stock(
        wordings=tuple(wording for part in parts for wording in part.wordings),
        worlds=tuple(world for part in parts for world in part.worlds),
        decoys=tuple(decoy for part in parts for decoy in part.decoys),
        entities={name: of for part in parts for name, of in part.entities.items()},
    )
