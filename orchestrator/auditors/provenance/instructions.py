"""Find what speaks to an agent in a tool result: blocks of text that tell it what to do."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from orchestrator.auditors.provenance.lexicon import Lexicon, Place, fold
from orchestrator.auditors.provenance.lures import find_lures, is_sentence
from orchestrator.auditors.provenance.policy import InstructionFile, open_cues
from orchestrator.rules.patterns import compile_pattern

MAX_BLOCKS = 24
"""Blocks kept of one result, the strongest."""
MAX_CUES = 160
"""Places of cues in one result that are looked at, those of most weight."""
MAX_BLOCK = 4_000
"""Characters of one block that are kept."""
MAX_CODES = 8
_BEFORE_CODE = 160
_CODE = compile_pattern(r"[A-Za-z0-9+/]{24,}={0,2}")
_STOPS = ".!?\n。！？"
_HEX = frozenset("0123456789abcdefABCDEF")
_WINDOW = 300
_WRAPPED = range(70, 111)
"""A line of so many characters may have been wrapped."""
_ENDS = (". ", "! ", "? ", ".\n", "!\n", "?\n", "\n", "。", "！", "？")  # fmt: skip


class Block(NamedTuple):
    """A piece of a result that tells its reader what to do."""

    start: int
    end: int
    cues: frozenset[str]
    odds: float
    """Log-odds that it is meant to steer an agent."""
    quote: str
    """As it stands in the result."""
    text: str
    """As it is compared; decoded where it was encoded."""

    @property
    def strength(self) -> float:
        """Return the odds as a number 0..1."""
        return logistic(self.odds)


class _Sentence(NamedTuple):
    start: int
    end: int
    cues: frozenset[str]


class Detector:
    """Find instructions; one serves any number of runs."""

    def __init__(self, file: InstructionFile) -> None:
        self._file = file
        self._cues = open_cues(file)
        self._effects = Lexicon({"effect": file.effects.patterns})
        self._last: tuple[str, frozenset[str], tuple[Block, ...]] = ("", frozenset(), ())
        self._joining = frozenset(name for name, cue in file.cues.items() if cue.joins)
        self._weak = frozenset(name for name, cue in file.cues.items() if cue.weak)
        self._complete = frozenset(name for name, cue in file.cues.items() if cue.complete)

    def find(self, text: str, tools: frozenset[str] = frozenset()) -> tuple[Block, ...]:
        """Return the blocks of `text`; `tools` are the names that give away more.

        The last answer is kept, since an auditor and the check of results ask for the same.
        """
        last, known, found = self._last
        if last is text and known is tools:
            return found
        found = self._find(text, tools)
        self._last = (text, tools, found)
        return found

    def reports_act(self, text: str) -> Place | None:
        """Return where a short result says that something was done."""
        if len(text) > self._file.effects.longest:
            return None
        return next(iter(self._effects.find(text)), None)

    def _find(self, text: str, tools: frozenset[str]) -> tuple[Block, ...]:
        places = self._cues.find(
            text, lambda cues: self._weigh(cues, text, tools) >= self._file.floor
        )
        blocks: list[Block] = []
        if places:
            clusters = self._cluster(text, self._strongest(places))
            made = (self._make_block(text, cluster, tools) for cluster in clusters)
            blocks = [block for block in made if block.odds >= self._file.floor]
        blocks = [*self._add_lures(text, blocks, tools), *self._find_encoded(text, tools)]
        if len(blocks) > MAX_BLOCKS:
            blocks = sorted(blocks, key=lambda block: -block.odds)[:MAX_BLOCKS]
        return tuple(blocks)

    def _add_lures(
        self, text: str, blocks: Sequence[Block], tools: frozenset[str]
    ) -> Iterator[Block]:
        """Yield `blocks`, and each sentence beside them that holds values, whatever it says."""
        lures = find_lures(text)
        for block in blocks:
            holds = any(block.start < lure.end and lure.start < block.end for lure in lures)
            yield block._replace(odds=max(block.odds, self._file.lure)) if holds else block
        for lure in lures:
            if any(block.start < lure.end and lure.start < block.end for block in blocks):
                continue
            odds = self._file.lure
            if any(name in lure.text for name in tools):
                odds += self._file.names_tool
            quote = text[lure.start : lure.end]
            yield Block(lure.start, lure.end, frozenset(), odds, quote, lure.text)

    def _strongest(self, places: list[Place]) -> list[Place]:
        if len(places) <= MAX_CUES:
            return places
        cues = self._file.cues
        kept = sorted(places, key=lambda place: -cues[place.family].weight)[:MAX_CUES]
        return sorted(kept)

    def _cluster(self, text: str, places: Sequence[Place]) -> Iterator[list[_Sentence]]:
        """Join sentences with cues that follow each other, and what a pair of tags encloses."""
        cluster: list[_Sentence] = []
        for sentence in self._sentences(text, places):
            if cluster and not self._belongs(text, cluster, sentence):
                yield cluster
                cluster = []
            cluster.append(sentence)
        if cluster:
            yield cluster

    def _sentences(self, text: str, places: Sequence[Place]) -> Iterator[_Sentence]:
        """Yield each sentence with a cue, and the one after it where it leaves open what to do."""
        at = 0
        while at < len(places):
            first = places[at]
            start, end = _sentence_start(text, first.start), _sentence_end(text, first.end, False)
            cues: set[str] = set()
            while at < len(places) and (not cues or places[at].start < end):
                cues.add(places[at].family)
                if places[at].end > end:
                    end = _sentence_end(text, places[at].end, False)
                at += 1
            if cues.isdisjoint(self._complete):
                end = max(end, _sentence_end(text, first.end, True))
                while at < len(places) and places[at].start < end:
                    cues.add(places[at].family)
                    end = max(end, places[at].end)
                    at += 1
            yield _Sentence(start, end, frozenset(cues))

    def _belongs(self, text: str, cluster: Sequence[_Sentence], sentence: _Sentence) -> bool:
        open_tags = self._joining & sentence.cues & _all_cues(cluster)
        if open_tags and sentence.start - cluster[0].start <= MAX_BLOCK:
            return True
        gap = text[cluster[-1].end : sentence.start]
        if len(gap) > self._file.reach or "\n" in gap.strip():
            return False
        if "\n" not in gap:
            return True
        before = _all_cues(cluster)
        if before <= self._weak:
            return False
        return not sentence.cues <= self._weak or before.isdisjoint(self._complete)

    def _make_block(self, text: str, cluster: Sequence[_Sentence], tools: frozenset[str]) -> Block:
        start, end, cues = cluster[0].start, cluster[-1].end, _all_cues(cluster)
        if self._joining.isdisjoint(cues):
            told = "\n".join(text[one.start : one.end] for one in cluster)
        else:
            told = text[start:end]
        folded = fold(told[:MAX_BLOCK])
        odds = self._weigh(cues, folded, tools)
        return Block(start, end, cues, odds, text[start : min(end, start + MAX_BLOCK)], folded)

    def _weigh(self, cues: frozenset[str], text: str, tools: frozenset[str]) -> float:
        odds = self._file.bias + sum(self._file.cues[cue].weight for cue in cues)
        if cues and tools:
            lowered = text.lower()
            if any(name in lowered for name in tools):
                odds += self._file.names_tool
        return odds

    def _find_encoded(self, text: str, tools: frozenset[str]) -> Iterator[Block]:
        """Yield what stands in base64 or hex and turns out to speak to its reader."""
        for count, match in enumerate(_CODE.finditer(text)):
            if count >= MAX_CODES:
                return
            decoded = decode(match.group())
            if decoded is None:
                continue
            before = text[max(0, match.start() - _BEFORE_CODE) : match.start()]
            cues = self._cues.families(decoded)
            folded = fold(decoded)
            if not cues and not is_sentence(decoded):
                continue
            cues |= self._cues.families(before)
            odds = max(self._weigh(cues, folded, tools), self._file.lure) + self._file.was_encoded
            start, end = match.span()
            yield Block(start, end, cues, odds, match.group()[:MAX_BLOCK], folded)


def decode(code: str) -> str | None:
    """Return the text that base64 or hex stands for; None if it stands for none."""
    try:
        if len(code) % 2 == 0 and _HEX.issuperset(code):
            data = binascii.unhexlify(code)
        else:
            data = base64.b64decode(code + "=" * (-len(code) % 4), validate=True)
        text = data.decode()
    except (ValueError, binascii.Error):
        return None
    return text if text.isprintable() or text.replace("\n", "").isprintable() else None


def logistic(odds: float) -> float:
    """Return log-odds as a probability."""
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, odds))))


def _all_cues(cluster: Sequence[_Sentence]) -> frozenset[str]:
    return frozenset().union(*(sentence.cues for sentence in cluster))


def _sentence_start(text: str, at: int) -> int:
    """Return where the sentence or line begins that holds `at`."""
    low = max(0, at - _WINDOW)
    window = text[low:at]
    return low + max(
        (place + len(end) for end in _ENDS if (place := window.rfind(end)) >= 0), default=0
    )


def _sentence_end(text: str, at: int, more: bool) -> int:
    """Return where the sentence ends that holds `at`, or with `more` the one after it.

    A line that is long and has no end was wrapped and goes on; after a colon so does any.
    """
    high = min(len(text), at + _WINDOW)
    for place in _stops(text, at, high):
        following = text[place + 1 : place + 40]
        if text[place] == "\n":
            line = text[text.rfind("\n", 0, place) + 1 : place].rstrip()
            goes_on = line.endswith(":") or (more and not line) or _is_wrapped(line, following)
            if not goes_on:
                return place
        elif text[place] in "。！？" or following[:1] in ("", " "):
            if not more:
                return place + 1
            more = False
    return high


def _stops(text: str, at: int, high: int) -> Iterator[int]:
    """Yield where a sentence or line may end."""
    while found := [place for stop in _STOPS if (place := text.find(stop, at, high)) >= 0]:
        at = min(found) + 1
        yield at - 1


def _is_wrapped(line: str, following: str) -> bool:
    """Say whether what follows a line may belong to its last sentence."""
    if len(line) not in _WRAPPED or line[-1] in ".!?":
        return False
    word = following.split(maxsplit=1)[:1]
    return bool(word) and (word[0][0].islower() or (word[0].isalnum() and not word[0].isalpha()))
