"""Policy files: YAML read into plain data that knows its lines, with nothing clever in it.

The format is the safe core of YAML 1.2: maps, lists, text, numbers, true, false and null. Tags,
anchors and aliases are refused, keys must be text and unique, depth and size are bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import yaml

from orchestrator.errors import PolicyError

MAX_CHARACTERS = 1 << 20
MAX_NODES = 50_000
MAX_DEPTH = 30

Place: TypeAlias = tuple[str | int, ...]
"""A path into the data: keys of maps and indexes of lists."""

# The class written in C is an order of magnitude quicker; it is missing where libyaml is.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


class Document(NamedTuple):
    """The data of a policy file, and the 1-based line of each place in it."""

    file: str
    data: Any
    lines: dict[Place, int]

    def line_of(self, place: Place) -> int:
        """Return the line of `place`, or of the nearest thing around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def error(self, message: str, place: Place = ()) -> PolicyError:
        """Return the error that says `message` of `place`."""
        return PolicyError(message, file=self.file, line=self.line_of(place))


def read_document(text: str, file: str) -> Document:
    """Read YAML; raise PolicyError, with the line, for anything that is not plainly data."""
    if len(text) > MAX_CHARACTERS:
        raise PolicyError(f"is larger than {MAX_CHARACTERS} characters", file=file, line=1)
    reader = _Reader(file)
    try:
        data = reader.read(yaml.parse(text, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise PolicyError(f"is not valid YAML: {error.problem}", file=file, line=line) from None
    except yaml.YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", 0) or 0) + 1
        reason = getattr(error, "reason", None) or "it cannot be read"
        raise PolicyError(f"is not valid YAML: {reason}", file=file, line=line) from None
    return Document(file, data, reader.lines)


class _Reader:
    """Build data from parser events, so that nothing is constructed that was not looked at."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Place, int] = {}
        self._nodes = 0

    def read(self, events: Iterator[Any]) -> Any:
        documents = 0
        data: Any = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._refuse("holds more than one document", event)
                data = self._value(events, next(events), ())
        return data

    def _value(self, events: Iterator[Any], event: Any, place: Place) -> Any:
        self._admit(event, place)
        self.lines[place] = event.start_mark.line + 1
        if isinstance(event, yaml.MappingStartEvent):
            return self._map(events, place)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(event := next(events), yaml.SequenceEndEvent):
                items.append(self._value(events, event, (*place, len(items))))
            return items
        is_plain = event.implicit[0]
        return _read_scalar(event.value) if is_plain else event.value

    def _map(self, events: Iterator[Any], place: Place) -> dict[str, Any]:
        items: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            line = event.start_mark.line + 1
            if not isinstance(event, yaml.ScalarEvent):
                raise self._refuse("has a key that is not text", event)
            key = event.value
            if key in items:
                raise self._refuse(f"has the key {key!r} twice", event)
            items[key] = self._value(events, next(events), (*place, key))
            self.lines[(*place, key)] = line
        return items

    def _admit(self, event: Any, place: Place) -> None:
        self._nodes += 1
        if isinstance(event, yaml.AliasEvent):
            raise self._refuse(f"uses the alias *{event.anchor}; write the value out", event)
        if getattr(event, "anchor", None):
            raise self._refuse(f"sets the anchor &{event.anchor}; remove it", event)
        if getattr(event, "tag", None):
            raise self._refuse(f"uses the tag {event.tag}; remove it", event)
        if self._nodes > MAX_NODES:
            raise self._refuse(f"holds more than {MAX_NODES} values; split it", event)
        if len(place) > MAX_DEPTH:
            raise self._refuse(f"is nested more than {MAX_DEPTH} deep", event)

    def _refuse(self, message: str, event: Any) -> PolicyError:
        return PolicyError(message, file=self.file, line=event.start_mark.line + 1)


def _read_scalar(text: str) -> Any:
    """Read an unquoted word: `yes`, `no` and dates stay text, unlike in YAML 1.1."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "+-.0123456789" and text[-1].isalnum():
        for read in (int, float):
            try:
                return read(text) if "_" not in text else text
            except ValueError:
                continue
    return text
