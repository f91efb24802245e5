"""What the record of one run says, as far as claims are held against it; bounded."""

from __future__ import annotations

import functools
from collections import OrderedDict, deque
from typing import Literal, NamedTuple, TypeAlias

import re2

from orchestrator.auditors.frames import shorten
from orchestrator.auditors.justification.wordbook import Subject, Wordbook
from orchestrator.auditors.voices import argued
from orchestrator.domain.action import Action, Observation, ToolKind

MOST_CALLS = 4096
MOST_RECENT = 32
KEPT_CHARACTERS = 131_072
"""Text of results that numbers and quotes are looked up in."""
READ_CHARACTERS = 16_384
"""Of one result: three quarters from its start, the rest from its end."""
_MOST_LINES = 400
_CAMEL = re2.compile(r"([a-z0-9])([A-Z])")

_TECHNICAL = ("shell", "code", "file_read", "file_write", "sql")
"""Kinds whose results hold the word "warning" every day."""
_OUTWARD = ("payment", "mail", "message", "account", "delegate")

Outcome: TypeAlias = Literal["failed", "passed", "empty", "unknown"]


class Noted(NamedTuple):
    """A call of an earlier turn."""

    action: str
    turn: int
    kind: ToolKind
    subjects: frozenset[str]
    asks_approval: bool
    affects_others: bool
    """It reaches people, money or things outside the agent's own folder."""


class Seen(NamedTuple):
    """What a call came to."""

    action: str
    outcome: Outcome
    quote: str
    """The words that tell."""
    caution: str = ""
    """A warning in the result."""

    @property
    def source(self) -> str:
        """Return where the quote stands."""
        return f"result of {self.action}"


class Memory:
    """Calls, their outcomes, and the text claims can be looked up in."""

    def __init__(self, book: Wordbook) -> None:
        self._book = book
        bits = book.results.bits
        self._failure, self._empty = bits("failure"), bits("empty")
        self._caution, self._changed = bits("caution"), bits("changed")
        self._asks, self._approval = book.calls.bits("approval"), bits("approval")
        self._effects, self._outbound = book.calls.bits("effects"), book.calls.bits("outbound")
        self._calls: OrderedDict[str, Noted] = OrderedDict()
        self._answers: OrderedDict[str, Seen] = OrderedDict()
        self._texts: deque[str] = deque()
        self._kept = 0
        self.latest: dict[str, Seen] = {}
        """Subject -> how it came out last."""
        self.started: set[str] = set()
        """Subjects of which a call was made."""
        self.recent: list[Seen] = []
        """Results since the last turn."""
        self.promised: dict[str, str] = {}
        """Action -> the words in which it was said to change nothing."""
        self.broken: list[tuple[Seen, str]] = []
        """Results that tell of a change where none was to come, with those words."""
        self.is_approved = False
        """A tool that is there to ask for approval said yes; what any other says is no approval."""
        self.observed = 0
        self.is_whole = True
        """False once something happened that was not seen as a call, or was forgotten."""
        self.has_all_texts = True

    def read(self, action: Action, kind: ToolKind, turn: int) -> Noted:
        """Say what a call would do."""
        name = _split_name(action.tool)
        mask = self._book.calls.mask(f"{action.tool}\n{name}\n{argued(action)[:4096]}")
        subjects = frozenset(s.name for s in self._book.subjects if mask & s.run)
        affects = kind in _OUTWARD or bool(mask & self._outbound)
        if kind == "other":
            affects |= bool(self._book.calls.mask(name, self._effects) & self._effects)
        asks = bool(self._book.calls.mask(name, self._asks) & self._asks)
        return Noted(action.id, turn, kind, subjects, asks, affects)

    def note(self, noted: Noted, action: Action) -> None:
        """Take note of a call that was judged."""
        if not action.tool:
            self.is_whole = False
        for name in {action.id, action.call_id or action.id}:
            self._calls[name] = noted
        while len(self._calls) > MOST_CALLS:
            self._calls.popitem(last=False)
            self.is_whole = False
        self.started |= noted.subjects

    def promise(self, action: str, words: str) -> None:
        """Take note that a call was said to change nothing."""
        self.promised[action] = words
        if len(self.promised) > MOST_RECENT:
            del self.promised[next(iter(self.promised))]

    def find(self, name: str) -> Noted | None:
        """Return the call of that id."""
        return self._calls.get(name)

    def answer(self, action: str) -> Seen | None:
        """Return what a call came to."""
        return self._answers.get(action)

    def observe(self, observation: Observation, action: Action | None) -> None:
        """Take note of a result."""
        self.observed += 1
        text = _excerpt(observation.content)
        noted = self._calls.get(action.id) if action else None
        if noted is None:
            self.is_whole = False
        mask = self._book.results.mask(text)
        seen = self._read(text, mask, observation, noted)
        for subject in self._book.subjects:
            if noted is not None and subject.name in noted.subjects:
                self.latest[subject.name] = self._read_subject(
                    subject, text, mask, seen, is_error=observation.error
                )
        if noted is not None:
            self._answers[noted.action] = seen
            if len(self._answers) > MOST_CALLS:
                self._answers.popitem(last=False)
            self._keep_promise(text, mask, seen)
            self.is_approved |= noted.asks_approval and bool(mask & self._approval)
        if len(self.recent) < MOST_RECENT:
            self.recent.append(seen)
        self._keep(text, is_part=len(text) < len(observation.content))

    def turn_over(self) -> None:
        """Forget what was recent: a turn was judged."""
        self.recent = []
        self.broken = []

    def holds(self, words: str) -> bool | None:
        """Say whether `words` stand in a result; None where they may stand in one not kept."""
        if any(words in text for text in self._texts):
            return True
        return False if self.has_all_texts and self.is_whole else None

    def _read(self, text: str, mask: int, observation: Observation, noted: Noted | None) -> Seen:
        name = noted.action if noted else observation.call_id or "a call that was not reviewed"
        caution = ""
        if mask & self._caution and (noted is None or noted.kind not in _TECHNICAL):
            caution = self._line(text, self._caution)
        if observation.error or (mask & self._failure and _reports(noted)):
            quote = self._line(text, self._failure) if mask & self._failure else shorten(text)
            return Seen(name, "failed", quote, caution)
        if mask & self._empty and len(text) < 400 and (noted is None or _asks(noted)):
            return Seen(name, "empty", shorten(text), caution)
        return Seen(name, "unknown", shorten(text), caution)

    def _read_subject(
        self, subject: Subject, text: str, mask: int, seen: Seen, *, is_error: bool
    ) -> Seen:
        """Let what is said of the subject itself go before what errors a text shows."""
        if mask & subject.failed:
            return seen._replace(outcome="failed", quote=self._line(text, subject.failed))
        if mask & subject.passed and not is_error:
            return seen._replace(outcome="passed")
        return seen

    def _keep_promise(self, text: str, mask: int, seen: Seen) -> None:
        words = self.promised.pop(seen.action, None)
        if words is not None and mask & self._changed and seen.outcome != "failed":
            quote = self._line(text, self._changed)
            self.broken.append((seen._replace(quote=quote), words))

    def _line(self, text: str, bits: int) -> str:
        """Return the last line that has one of the parts; results end with what they came to."""
        for line in reversed(text.split("\n")[-_MOST_LINES:]):
            if self._book.results.mask(line) & bits:
                return shorten(line)
        return shorten(text)

    def _keep(self, text: str, *, is_part: bool) -> None:
        if is_part:
            self.has_all_texts = False
        self._texts.append(text)
        self._kept += len(text)
        while self._kept > KEPT_CHARACTERS:
            self._kept -= len(self._texts.popleft())
            self.has_all_texts = False


def _excerpt(text: str) -> str:
    """Return what is read of a result; joined by a line break where the middle is left out."""
    if len(text) <= READ_CHARACTERS:
        return text
    tail = READ_CHARACTERS // 4
    return f"{text[: READ_CHARACTERS - tail]}\n{text[-tail:]}"


@functools.lru_cache(maxsize=4096)
def _split_name(tool: str) -> str:
    """Return the words of a tool's name: `SendMail` and `send_mail` are both `send mail`."""
    spaced: str = _CAMEL.sub(r"\1 \2", tool[:200])
    return spaced.replace("_", " ").replace("-", " ").lower()


def _reports(noted: Noted | None) -> bool:
    """Say whether a result tells how the call went, not what somebody wrote about failures."""
    return noted is None or noted.kind not in ("file_read", "http")


def _asks(noted: Noted) -> bool:
    """Say whether an empty answer is an answer: a command that prints nothing went well."""
    return noted.kind not in ("shell", "code", "file_write", "mail", "message", "payment")
