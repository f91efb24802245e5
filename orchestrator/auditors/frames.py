"""Sentence frames: who does what to whom, told by parts that stand together in a sentence.

A lexicon names *parts* (words of several languages for one idea) and *frames* (parts that together
mean something). A few RE2 sets tell the parts of a text; only where a frame could hold is the text
taken apart into sentences.
"""

from __future__ import annotations

import functools
import hashlib
import unicodedata
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import NamedTuple

import re2
from pydantic import Field, ValidationError

from orchestrator.rules.document import read_document
from orchestrator.rules.faults import explain_fault
from orchestrator.rules.patterns import check_pattern
from orchestrator.rules.schema import Identifier, Names, Part
from orchestrator.rules.secrets import encode

LONGEST_TEXT = 32_768
"""Characters of one text that are read: the first three quarters of this, and the last quarter."""
LONGEST_QUOTE = 240
LONGEST_SENTENCE = 600
_MAX_MEMORY = 16 << 20
_SET_SIZE = 5
"""Parts of one RE2 set. One set of all would have too many states to keep, and be slow."""
_ALL = -1
_ENDS = str.maketrans({"。": "\n", "！": "\n", "？": "\n", "；": "\n", "\r": "\n", "\u2028": "\n"})


def _read_letters() -> dict[int, str]:
    """Map Latin letters with marks to those without, one to one: RE2 takes `é` for no letter."""
    plain = {ord("ß"): "s", ord("ø"): "o", ord("æ"): "a", ord("ł"): "l", ord("’"): "'"}
    for code in range(0xC0, 0x250):
        letter = unicodedata.normalize("NFD", chr(code))[0]
        if letter.isascii():
            plain[code] = letter
    return plain


_LETTERS = _read_letters()


class FrameSpec(Part):
    """Parts that mean something where they stand together."""

    id: Identifier
    says: str
    """What it shows, as the end of the sentence "the agent ..."."""
    all: Names
    """One of each of these occurs; alternatives are written `hide|evade`."""
    none: Names = ()
    """None of these occurs."""
    within: int = Field(1, ge=0, le=3)
    """How many neighbouring sentences the parts may be spread over; 0 is the whole text."""
    weight: float = Field(gt=0.0, lt=1.0)
    """Suspicion where nothing else is seen."""
    topic: Names = ()
    """Parts that, where the user's own words have them all, make the frame a matter of the task."""


class LexiconFile(Part):
    """Parts and frames as reviewers sign them."""

    version: str
    about: str = ""
    parts: dict[str, dict[str, Names]]
    """Name -> language -> RE2 patterns; case is ignored."""
    frames: dict[str, tuple[FrameSpec, ...]] = Field(default_factory=dict)
    """Name of a group -> its frames."""
    matters: tuple[Names, ...] = ()
    """Parts that, where the user's own words have all of one list, make every frame a matter of
    the task."""


class Found(NamedTuple):
    """A frame that holds, and the words it holds in."""

    frame: FrameSpec
    quote: str
    """An exact substring of the text: the first place."""
    times: int = 1
    """In how many places."""


class Frame(NamedTuple):
    """A frame as it is compared."""

    spec: FrameSpec
    needs: tuple[int, ...]
    bars: int
    topic: int
    parts: int
    """All that it asks about."""

    def holds(self, mask: int) -> bool:
        """Say whether a window with these parts fills the frame."""
        return self.could_hold(mask) and not mask & self.bars

    def count(self, mask: int) -> int:
        """Return how many of the parts a window has."""
        return sum(1 for need in self.needs if mask & need)

    def could_hold(self, mask: int) -> bool:
        """Say whether all the parts are somewhere."""
        return all(map(mask.__and__, self.needs))

    def is_topic(self, task: int) -> bool:
        """Say whether the user's own words speak of what the frame is about."""
        return bool(self.topic) and task & self.topic == self.topic


class Lexicon:
    """Compiled parts and frames; one serves any number of runs."""

    def __init__(self, file: LexiconFile, digest: str) -> None:
        """Compile; ValueError names a part that is unknown or a pattern RE2 cannot read."""
        self.hash = digest
        self._bits = {name: 1 << place for place, name in enumerate(file.parts)}
        self._sets = tuple(_compile_sets(list(file.parts.values())))
        self._matters = tuple(_join([self.bits(name) for name in names]) for names in file.matters)
        self._frames = {
            group: tuple(self._read_frame(spec) for spec in specs)
            for group, specs in file.frames.items()
        }

        self._open = functools.lru_cache(maxsize=4096)(self._list_open)

    def mask(self, text: str, wanted: int = _ALL) -> int:
        """Return the parts that occur in `text`, one bit each; at least of those `wanted`."""
        data = encode(text if text.isascii() else text.translate(_LETTERS))
        total = 0
        for part_set in self._sets:
            if part_set.bits & wanted:
                for place in part_set.matcher.Match(data) or ():
                    total |= 1 << part_set.first + place
        return total

    def bits(self, names: str) -> int:
        """Return the bits of parts written `a|b`; ValueError where one is unknown."""
        total = 0
        for name in names.split("|"):
            if name not in self._bits:
                raise ValueError(f"unknown part {name!r}")
            total |= self._bits[name]
        return total

    def find(self, text: str, *groups: str) -> list[Found]:
        """Return each frame of `groups` that holds, once."""
        return list(self._find(text, groups))

    def name(self, text: str, group: str) -> frozenset[str]:
        """Return the frames of `group` that hold in `text`, taken as one sentence."""
        mask = self.mask(text)
        return frozenset(frame.spec.id for frame in self._frames[group] if frame.holds(mask))

    def find_topics(self, task: int, group: str) -> frozenset[str]:
        """Return the frames of `group` that are a matter of a task with these parts."""
        is_matter = any(task & matter == matter for matter in self._matters)
        frames = self._frames[group]
        return frozenset(f.spec.id for f in frames if is_matter or f.is_topic(task))

    def unused(self) -> list[str]:
        """Return the parts that no frame and no matter asks about."""
        asked = _join([f.parts | f.topic for frames in self._frames.values() for f in frames])
        asked |= _join(self._matters)
        return [name for name, bit in self._bits.items() if not bit & asked]

    def _find(self, text: str, groups: tuple[str, ...]) -> Iterator[Found]:
        for piece in clip(text):
            open_ = self._open(groups, self.mask(piece))
            if not open_:
                continue
            spans = list(split_sentences(piece))
            wanted = _join([frame.parts for frame in open_])
            masks = [self.mask(piece[start:end], wanted) for start, end in spans]
            for frame in open_:
                first, last, times = _find_windows(frame, masks)
                if times:
                    quote = shorten(piece[spans[first][0] : spans[last][1]])
                    yield Found(frame.spec, quote, times)

    def _list_open(self, groups: tuple[str, ...], mask: int) -> tuple[Frame, ...]:
        """Return the frames that could hold somewhere in a text with these parts."""
        return tuple(
            frame for group in groups for frame in self._frames[group] if frame.could_hold(mask)
        )

    def _read_frame(self, spec: FrameSpec) -> Frame:
        needs = tuple(self.bits(name) for name in spec.all)
        bars = _join([self.bits(name) for name in spec.none])
        topic = _join([self.bits(name) for name in spec.topic])
        return Frame(spec, needs, bars, topic, _join([*needs, bars]))


def load_lexicon(name: str) -> Lexicon:
    """Read `policies/auditors/NAME.yaml`; PolicyError with file and line where it is wrong."""
    path = resources.files("policies") / "auditors" / f"{name}.yaml"
    return read_lexicon(path.read_text("utf-8"), str(path))


def read_lexicon(text: str, file: str) -> Lexicon:
    """Compile the text of a lexicon."""
    document = read_document(text, file)
    try:
        parsed = LexiconFile.model_validate(document.data)
    except ValidationError as error:
        raise explain_fault(document, error, LexiconFile) from None
    try:
        lexicon = Lexicon(parsed, hashlib.sha256(text.encode()).hexdigest())
    except ValueError as error:
        raise document.error(str(error)) from None
    for name in lexicon.unused():
        raise document.error(f"no frame asks about the part {name!r}", ("parts", name))
    return lexicon


def clip(text: str) -> tuple[str, ...]:
    """Return what is read of a text: all of it, or its start and its end."""
    if len(text) <= LONGEST_TEXT:
        return (text,) if text else ()
    tail = LONGEST_TEXT // 4
    return text[: LONGEST_TEXT - tail], text[-tail:]


def shorten(quote: str) -> str:
    """Return the start of a quote, without the space around it."""
    return quote.strip()[:LONGEST_QUOTE]


def split_sentences(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each sentence starts and ends; what is too long is cut."""
    plain = text.translate(_ENDS).replace("! ", ". ").replace("? ", ". ")
    at = 0
    for line in plain.split("\n"):
        for sentence in line.split(". "):
            end = at + len(sentence)
            for start in range(at, end, LONGEST_SENTENCE):
                yield start, min(start + LONGEST_SENTENCE, end)
            at = end + 2
        at -= 1


def _find_windows(frame: Frame, masks: Sequence[int]) -> tuple[int, int, int]:
    """Return first and last sentence of the first window that fills the frame, and how many do.

    Narrow windows come first; a whole text is quoted by the sentence that says most of it.
    """
    if frame.spec.within == 0:
        best = max(range(len(masks)), key=lambda at: frame.count(masks[at]))
        return best, best, 1
    for width in range(frame.spec.within):
        found = [
            last
            for last in range(width, len(masks))
            if frame.holds(_join(masks[last - width : last + 1]))
        ]
        if found:
            return found[0] - width, found[0], len(found)
    return 0, 0, 0


def _join(masks: Sequence[int]) -> int:
    total = 0
    for mask in masks:
        total |= mask
    return total


class PartSet(NamedTuple):
    """Some of the parts, told apart in one pass."""

    matcher: re2._Set
    first: int
    bits: int


def _compile_sets(parts: Sequence[dict[str, Names]]) -> Iterator[PartSet]:
    for first in range(0, len(parts), _SET_SIZE):
        chosen = parts[first : first + _SET_SIZE]
        options = re2.Options()
        options.max_mem = _MAX_MEMORY
        options.log_errors = False
        matcher = re2.Set.SearchSet(options)
        for languages in chosen:
            patterns = [pattern for listed in languages.values() for pattern in listed]
            joined = "(?i)" + "|".join(f"(?:{pattern})" for pattern in patterns).translate(_LETTERS)
            check_pattern(joined)
            matcher.Add(joined)
        matcher.Compile()
        yield PartSet(matcher, first, ((1 << len(chosen)) - 1) << first)
