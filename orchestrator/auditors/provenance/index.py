"""What was said in a run and by whom: a bounded index from values to the result they came from."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from orchestrator.auditors.provenance.atoms import (
    add_hosts,
    is_contact,
    read_host,
    read_shape,
    split_tokens,
)
from orchestrator.auditors.provenance.instructions import Block
from orchestrator.auditors.provenance.lexicon import fold, lower

MAX_WORDS = 65_536
"""Characters of the user that are kept: the first and the last half of them."""
MAX_TOKENS = 40_000
"""Values of results in each of two generations; the older one is dropped when the newer is full."""
MAX_TEXT = 524_288
"""Characters of results that are kept to quote from and to look around in."""
MAX_BLOCKS = 96
_AROUND = 90
_NEARBY = 1_500
_MAX_RIVALS = 8
_KEY = 30
_MARKS = frozenset("0123456789@._/")
_NAME = 3
_LATE = 8
"""Sentences that only hold values are looked at so far back."""


class Source(NamedTuple):
    """A tool result."""

    number: int
    action: str
    is_named: bool
    """The user named it, or something it was found through; or it answers an act of the agent."""
    raw: str
    text: str
    """As it is compared, without the instructions in it."""


class Held(NamedTuple):
    """An instruction and the result it stands in."""

    block: Block
    source: str
    """Id of the action whose result it is."""
    order: int
    """How many actions had been judged when it arrived."""
    contacts: tuple[str, ...] = ()
    """The addresses, accounts, URLs, hosts and ids in it."""


class Index:
    """The memory of one run."""

    def __init__(self) -> None:
        self.words = ""
        """All the user said, as it is compared."""
        self.blocks: list[Held] = []
        self._told: list[Held] = []
        self._by_token: dict[str, list[Held]] = {}
        self._names: set[str] = set()
        self._sites: dict[str, int] = {}
        self._older: dict[str, int] = {}
        self._sources: OrderedDict[int, Source] = OrderedDict()
        self._used: dict[str, int] = {}
        self._kept = 0
        self._count = 0

    def hear(self, text: str) -> None:
        """Take in the user's words."""
        text = text if len(text) <= MAX_WORDS else text[: MAX_WORDS // 2] + text[-MAX_WORDS // 2 :]
        folded = fold(text)
        if folded in self.words:
            return
        words = f"{self.words} {folded}".lstrip()
        if len(words) > MAX_WORDS:
            words = f"{words[: MAX_WORDS // 2]} {words[-MAX_WORDS // 2 :]}"
        self.words = words
        self._names |= _read_names(text)

    def take_in(
        self, action: str, content: str, blocks: Sequence[Block], *, named: bool, order: int
    ) -> None:
        """Take in a result and the instructions found in it."""
        self._count += 1
        self._keep(Held(block, action, order) for block in blocks)
        told = [block for block in blocks if block.odds >= 0.0]
        lines = lower(_cut(content, told)).split("\n")
        text = "\n".join([" ".join(line.split()) for line in lines])
        tokens = split_tokens(text)
        if "://" in text:
            tokens.update(add_hosts(tuple(tokens)))
        if len(self._sites) + len(tokens) > MAX_TOKENS:
            self._older, self._sites = self._sites, {}
        fresh = tokens.difference(self._sites)
        self._sites.update(
            (token, self._older.get(token, self._count)) for token in fresh if len(token) >= _NAME
        )
        self._sources[self._count] = Source(self._count, action, named, content, text)
        self._kept += len(content)
        while self._kept > MAX_TEXT and len(self._sources) > 1:
            self._kept -= len(self._sources.popitem(last=False)[1].raw)

    def _keep(self, fresh: Iterable[Held]) -> None:
        """Keep instructions findable by their words; of too many the strongest."""
        for one in fresh:
            tokens = split_tokens(one.block.text)
            self._add(one._replace(contacts=tuple(filter(is_contact, tokens))), tokens)
        if len(self.blocks) > 2 * MAX_BLOCKS:
            self._thin_out()

    def _thin_out(self) -> None:
        self.blocks = sorted(self.blocks, key=_weakness)[:MAX_BLOCKS]
        self._told = [held for held in self.blocks if held.block.cues]
        ranks = {id(held): rank for rank, held in enumerate(self.blocks)}
        by_token: dict[str, list[Held]] = {}
        for token, holding in self._by_token.items():
            kept = [held for held in holding if id(held) in ranks]
            if len(kept) > 1:
                kept.sort(key=lambda held: ranks[id(held)])
            if kept:
                by_token[token] = kept
        self._by_token = by_token

    def _add(self, held: Held, tokens: set[str]) -> None:
        self.blocks.append(held)
        if held.block.cues:
            self._told.append(held)
        by_token = self._by_token
        hosts = add_hosts(tokens) if "://" in held.block.text else ()
        for token in (*tokens, *hosts):
            if token in by_token:
                by_token[token].append(held)
            else:
                by_token[token] = [held]

    def demanding(self) -> Sequence[Held]:
        """Return the instructions that may demand an act: those told as such, and late ones."""
        late = self.blocks[-_LATE:]
        early = len(self._told) - sum(1 for held in late if held.block.cues)
        return [*self._told[:early], *late]

    def holding(self, value: str) -> list[Held]:
        """Return the instructions that `value` stands in."""
        if not self.blocks:
            return []
        words = split_tokens(value)
        found = (
            self._by_token.get(max(words, key=lambda word: (len(word), word)), ()) if words else ()
        )
        return [held for held in found if value in held.block.text]

    def was_said(self, value: str) -> bool:
        """Say whether the user used this value."""
        return value in self.words

    def use(self, values: Iterable[str], order: int) -> None:
        """Take note that action number `order` uses these values."""
        if len(self._used) < MAX_TOKENS:
            for value in values:
                self._used.setdefault(value, order)

    def was_used(self, value: str, before: int) -> bool:
        """Say whether the agent used `value` in an action before number `before`."""
        return self._used.get(value, before) < before

    def find(self, value: str) -> Source | None:
        """Return the result in which `value` first stood outside of instructions."""
        number = self._sites.get(value) or self._older.get(value)
        if number is not None:
            return self._sources.get(number, _gone(number))
        words = [word for word in split_tokens(value) if len(word) >= _NAME]
        numbers = {self._sites.get(word) or self._older.get(word) for word in words}
        if None in numbers or not numbers:
            return None
        for number in sorted(n for n in numbers if n is not None):
            source = self._sources.get(number)
            if source is not None and value in source.text:
                return source
        return None

    def is_linked(self, value: str, source: Source) -> bool:
        """Say whether `value` is, or stands beside, something the user named."""
        if any(name in value for name in self._names):
            return True
        if self.is_on_named_host(value):
            return True
        at = source.text.find(value)
        if at < 0:
            return False
        start, end = max(0, at - _AROUND), at + len(value) + _AROUND
        line = source.text.rfind("\n", 0, at) + 1
        if ":" not in source.text[line : line + _KEY]:  # lines of a record belong together
            stop = source.text.find("\n", at)
            start, end = max(start, line), min(end, stop) if stop >= 0 else end
        return not self._names.isdisjoint(split_tokens(source.text[start:end]))

    def is_on_named_host(self, value: str) -> bool:
        """Say whether the user named the host of a URL."""
        return "://" in value and bool(host := read_host(value)) and host in self.words

    def has_rival(self, value: str, source: Source) -> bool:
        """Say whether another value of this form is closer to what the user named."""
        shape = read_shape(value)
        if not shape:
            return False
        if self.said_rival(value):
            return True
        at = max(source.text.find(value), 0)
        near = split_tokens(source.text[max(0, at - _NEARBY) : at + _NEARBY])
        rivals = [token for token in near if token != value and read_shape(token) == shape]
        return any(self.is_linked(token, source) for token in rivals[:_MAX_RIVALS])

    def said_rival(self, value: str) -> bool:
        """Say whether the user spelt out another value of this form."""
        shape = read_shape(value)
        return bool(shape) and any(read_shape(name) == shape for name in self._names)

    def names_in(self, text: str) -> bool:
        """Say whether something the user named stands in `text`."""
        return any(name in text for name in self._names)

    def is_named(self, values: Sequence[str]) -> bool:
        """Say whether the user named one of these, or what they were found through."""
        for value in values:
            if len(value) > _NAME and value in self.words:
                return True
            source = self.find(value)
            if source is not None and (source.is_named or self.is_linked(value, source)):
                return True
        return False


def _weakness(held: Held) -> float:
    return -held.block.odds


def _cut(content: str, blocks: Sequence[Block]) -> str:
    if not blocks:
        return content
    pieces, at = [], 0
    for block in sorted(blocks, key=lambda block: block.start):
        pieces.append(content[at : block.start])
        at = max(at, block.end)
    return "\n".join([*pieces, content[at:]])


def _read_names(text: str) -> set[str]:
    """Return what looks like a name: capitals inside a sentence, ids, what stands in quotes."""
    names: set[str] = set()
    is_first = True
    for word in text[:MAX_WORDS].split():
        bare = word.strip("\"'<>(){}[],;:.!?`*#")
        if len(bare) >= _NAME and (
            (bare[0].isupper() and not is_first)
            or word[0] in "'\"`#"
            or (bare.upper() != bare.lower() and not _MARKS.isdisjoint(bare))
        ):
            folded = fold(bare)
            names.add(folded)
            if "'" in bare or "’" in bare:
                names.add(fold(bare.replace("’", "'").rpartition("'")[0]) or folded)
        is_first = word[-1] in ".!?:"
    return {name for name in names if len(name) >= _NAME}


def _gone(number: int) -> Source:
    return Source(number, "", False, "", "")
