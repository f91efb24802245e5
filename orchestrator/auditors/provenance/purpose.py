"""What tools are for, what the user asks for, and whether one departs from the other."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from orchestrator.auditors.provenance.lexicon import Lexicon, fold
from orchestrator.auditors.provenance.policy import (
    ABOUT,
    DELEGATION,
    MANY,
    READING,
    REFERENCE,
    Policy,
    open_intents,
)
from orchestrator.domain.action import ToolKind
from orchestrator.rules.tools import plain_name

_STEM = 5
_LONG_STEM = 6
_BEFORE_NOUNS = frozenset(("a", "an", "the", "your", "my", "our", "its", "his", "her", "their"))
_BESIDE = {DELEGATION, REFERENCE, MANY, READING}


class Purpose(NamedTuple):
    """What a tool is for."""

    acts: bool
    """It changes something or tells somebody; else it reads."""
    is_instrument: bool
    """An agent needs it for whatever it does."""
    runs_code: bool
    is_inert: bool
    is_telling: bool
    """Its name stands in no ordinary text."""
    intents: frozenset[str]
    name: str
    """As it is looked for in a text."""
    words: tuple[str, ...]
    nouns: tuple[str, ...]
    """The stems of its words that are no verbs."""
    topics: tuple[str, ...]
    """The same, with those of its description."""


class Asked(NamedTuple):
    """What the user asked for."""

    intents: frozenset[str]
    delegated: bool
    """What to do stands in a text."""
    refers: bool
    """What to do, or how, stands in a text."""
    many: bool


class Purposes:
    """Tell purposes; one serves any number of runs."""

    def __init__(self, policy: Policy) -> None:
        self._file = policy.provenance
        self._inert = policy.inert
        self._lexicon: Lexicon = open_intents(policy.provenance)
        self._general = frozenset(n for n, i in self._file.intents.items() if i.general)
        self._reads = frozenset(self._file.verbs.reads)
        self._acts = frozenset(self._file.verbs.acts)
        self._by_kind: dict[str, frozenset[str]] = {}
        for name, intent in self._file.intents.items():
            for kind in intent.kinds:
                self._by_kind[kind] = self._by_kind.get(kind, frozenset()) | {name}
        self._of_kinds = frozenset().union(*self._by_kind.values())
        self.of_tool = functools.lru_cache(maxsize=2048)(self._of_tool)
        self.demands = functools.lru_cache(maxsize=2048)(self._demands)
        self.demands_reading = functools.lru_cache(maxsize=2048)(self._demands_reading)

    def asked(self, words: str) -> Asked:
        """Return what the user's words ask for."""
        found = self._lexicon.families(words)
        intents = {name for name in found if name in self._file.intents}
        if intents & self._general:
            intents |= {name.removeprefix(ABOUT) for name in found if name.startswith(ABOUT)}
        delegated = DELEGATION in found
        return Asked(frozenset(intents), delegated, delegated or REFERENCE in found, MANY in found)

    def _demands(self, text: str) -> frozenset[str]:
        """Return what an instruction asks for, as intents that are not general."""
        return self._intents(text) - self._general

    def specific(self, intents: frozenset[str]) -> frozenset[str]:
        """Return those of `intents` that say what is to be done."""
        return intents - self._general

    def _demands_reading(self, text: str) -> bool:
        """Say whether an instruction sends its reader to look something up."""
        return READING in self._lexicon.families(text)

    def _intents(self, text: str) -> frozenset[str]:
        found = (name.removeprefix(ABOUT) for name in self._lexicon.families(text))
        return frozenset(found) - _BESIDE

    def _of_tool(self, tool: str, kind: ToolKind, description: str) -> Purpose:
        words = split_name(tool)
        told = fold(description.partition(".")[0]).replace(",", " ").split()
        known = self._reads | self._acts
        acts = self._is_act(words, told)
        nouns = _stems(words, known, 3)
        return Purpose(
            acts=acts or kind in self._file.kinds.acts,
            is_instrument=kind in self._file.kinds.instruments and not (kind == "http" and acts),
            runs_code=kind in ("shell", "code"),
            is_telling=is_telling(tool),
            is_inert=plain_name(tool) in self._inert,
            intents=self._intents_of(words, kind, description),
            name=fold(tool),
            words=tuple(word for word in words if len(word) > 2),
            nouns=nouns,
            topics=tuple(dict.fromkeys((*nouns, *_stems(told, known, 5)))),
        )

    def _is_act(self, words: Sequence[str], told: Sequence[str]) -> bool:
        """Say whether a tool acts: by the first word of its name or description, or any other.

        Verbs of reading are few and listed, those of acting are not: a description that begins with
        any other word and then an article or a possessive begins with a verb of acting.
        """
        verb = told[0] if told else ""
        spoken = (*words[:1], verb, verb.removesuffix("s"), *reversed(words[1:]))
        for word in spoken:
            if word in self._reads or word in self._acts:
                return word in self._acts
        return len(told) > 1 and told[1] in _BEFORE_NOUNS and verb not in _BEFORE_NOUNS

    def _intents_of(
        self, words: tuple[str, ...], kind: ToolKind, description: str
    ) -> frozenset[str]:
        """Return the intents of the first of: kind, first word, other words, general ones."""
        whole = self._intents(" ".join(words))
        if kind in self._by_kind:
            return self._by_kind[kind] | (whole - self._general - self._of_kinds)
        if words:
            first = self._intents(words[0]) & whole
            if first - self._general:
                return first - self._general
        if whole - self._general:
            return whole - self._general
        told = self._intents(description.partition(".")[0])
        return whole | told


def _stems(words: Iterable[str], verbs: frozenset[str], shortest: int) -> tuple[str, ...]:
    return tuple(word[:_STEM] for word in words if word not in verbs and len(word) >= shortest)


def spells(purpose: Purpose, text: str) -> bool:
    """Say whether each word of a tool's name stands in `text`, in some form."""
    spaced = f" {text}"
    return len(purpose.words) > 1 and all(
        f" {word[:_LONG_STEM]}" in spaced for word in purpose.words
    )


def is_telling(tool: str) -> bool:
    """Say whether no ordinary text would contain this name of a tool."""
    return len(tool) >= 6 and ("_" in tool or not (tool.islower() or tool[1:].islower()))


@functools.lru_cache(maxsize=2048)
def split_name(tool: str) -> tuple[str, ...]:
    """Return the words of a tool's name, lower case: `sendMoney`, `send_money`, `x__send-money`."""
    name = tool.rsplit("__", 1)[-1].rsplit(".", 1)[-1].rsplit("/", 1)[-1].rsplit(":", 1)[-1]
    spaced: list[str] = []
    for place, character in enumerate(name):
        if character.isupper() and place and name[place - 1].islower():
            spaced.append(" ")
        spaced.append(character.lower() if character.isalnum() else " ")
    return tuple("".join(spaced).split())
