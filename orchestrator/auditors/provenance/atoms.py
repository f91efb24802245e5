"""The values of an action that decide whom and what it hits, in the form they are compared in."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import re2

from orchestrator.auditors.provenance.lexicon import fold
from orchestrator.domain.action import Action
from orchestrator.rules.arguments import read_texts
from orchestrator.rules.tools import Role, ToolMap

MAX_VALUES = 48
"""Values of one action that are looked up."""
MAX_PHRASE = 120
_LONGEST_TEXT = 20_000
_SHORTEST = 3
_LONG_NUMBER = 9
_REMEMBERED = 48
"""Of words up to so many characters it is remembered what they are."""
_TELLING = 12
"""A value that decides nothing by itself tells something from so many characters on."""
_CRITICAL_ROLES: frozenset[Role] = frozenset(("recipient", "url", "path"))
_SEPARATORS = str.maketrans(
    dict.fromkeys("\n\t\"'<>(){}[],;|`*=\\!?\u3002\uff0c\u3001\uff1a\uff08\uff09", " ")
)
WIDE = re2.compile(r"([\x{2e80}-\x{9fff}\x{ac00}-\x{d7ff}\x{ff00}-\x{ffef}]+)")


class AtomValue(NamedTuple):
    """A value of an action."""

    text: str
    """As it is compared."""
    written: str
    pointer: str
    """Where it stands in the arguments."""
    is_atom: bool
    """An address, account, URL, host, path or id: it says by itself where it came from."""
    is_critical: bool
    """It stands where it decides whom or what the action hits."""


def read_values(action: Action, tools: ToolMap, critical: frozenset[str]) -> list[AtomValue]:
    """Return the values of `action`, without repetition."""
    found: dict[str, AtomValue] = {}
    wholes: list[str] = []
    for text in read_texts(action.arguments, tools):
        if len(found) >= MAX_VALUES:
            break
        decides = text.argument in critical or not _CRITICAL_ROLES.isdisjoint(text.roles)
        whole = fold(text.text[:_LONGEST_TEXT])
        if _SHORTEST < len(whole) <= MAX_PHRASE:
            says = is_atom(whole)
            decides = decides or (says and bool(read_shape(whole)))
            value = AtomValue(whole, text.text, text.pointer, says, decides)
            found.setdefault(whole, value)
            if value.is_atom:
                wholes.append(whole)
        if " " in whole or "/" in whole or len(whole) > MAX_PHRASE:
            for token in split_atoms(whole):
                found.setdefault(token, AtomValue(token, token, text.pointer, True, decides))
                if len(found) >= MAX_VALUES:
                    break
    values = list(found.values())
    return values if any(value.is_critical for value in values) else _decide(values, wholes)


def _decide(values: list[AtomValue], wholes: Sequence[str]) -> list[AtomValue]:
    """Take the one value that says where it came from for critical where no argument's name is."""
    if len(wholes) != 1:
        return values
    return [v._replace(is_critical=True) if v.text == wholes[0] else v for v in values]


def split_tokens(folded: str) -> set[str]:
    """Return the words and values of a text, as an index knows them."""
    if not folded.isascii():
        folded = WIDE.sub(r" \1 ", folded)
    spaced = f"{folded.translate(_SEPARATORS)} "
    return set(
        spaced.replace(". ", " ").replace(": ", " ").replace("/ ", " ").replace(" - ", " ").split()
    )


def split_atoms(folded: str) -> Iterator[str]:
    """Yield the values in a text that say by themselves where they came from, and URLs' hosts."""
    for token in split_tokens(folded):
        if is_atom(token):
            yield token
            if "://" in token and (host := read_host(token)):
                yield host


def is_atom(token: str) -> bool:
    """Say whether `token` is an address, account, URL, host, path or id rather than a word."""
    if len(token) < 5 or token.isalpha():
        return False
    return _known_atom(token) if len(token) <= _REMEMBERED else _find_atom(token)


def _find_atom(token: str) -> bool:
    if " " in token:
        return False
    if "@" in token[1:-1] or "://" in token:
        return True
    digits = sum(map(str.isdigit, token))
    if digits:
        has_letters = any(map(str.isalpha, token))
        return digits >= _LONG_NUMBER or (has_letters and not _is_unit(token))
    return "." in token[1:-1] or "/" in token[:-1]


_known_atom = functools.lru_cache(maxsize=4096)(_find_atom)
"""The same word of a text is asked for several times; the answer is kept."""


def is_contact(token: str) -> bool:
    """Say whether `token` is an address, account, URL, host or id rather than a path."""
    return not token.isalpha() and is_atom(token) and ("/" not in token or "://" in token)


def read_shape(token: str) -> str:
    """Return what form of address or number `token` has; "" where any id may look like it."""
    if "://" in token:
        return "url"
    if "@" in token[1:-1]:
        return "mail"
    return "number" if sum(map(str.isdigit, token)) >= _LONG_NUMBER + 3 else ""


def is_foreign(text: str) -> bool:
    """Say whether a value in code is more than one of its own names, such as `items.find`."""
    return " " in text or "/" in text or "@" in text or any(map(str.isdigit, text))


def tells(value: AtomValue) -> bool:
    """Say whether a value that a text holds, too, is likely to come from there."""
    return value.is_atom or value.is_critical or (len(value.text) >= _TELLING and " " in value.text)


def read_host(token: str) -> str:
    """Return the host of a URL."""
    return token.partition("://")[2].partition("/")[0].rpartition("@")[2].partition("?")[0]


def add_hosts(tokens: Iterable[str]) -> Iterator[str]:
    """Yield the hosts of the URLs among `tokens`."""
    return (read_host(token) for token in tokens if "://" in token)


def _is_unit(token: str) -> bool:
    """Say whether `token` is a number with something around it, such as `30min` or `10:30am`."""
    return token[0].isdigit() and len(token.lstrip("0123456789.:-")) <= 3
