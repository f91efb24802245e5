"""What decides whom and what a call hits: found in all of a text, however long it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import re2
from pydantic import JsonValue

MOST = 16
"""Of each kind: the first and the last ones."""
LONGEST = 160
LONGEST_TEXT = 1 << 20
"""Characters of one text that are searched: from its start and from its end."""

_KINDS = {
    "urls": r"[A-Za-z][A-Za-z0-9+.-]{1,20}:/{2}[^\s\"'<>`\\]{1,300}",
    "recipients": r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]+)+"
    r"|\b[A-Z]{2}\d{2}[A-Z0-9]{10,30}\b",
    "hosts": r"\b(?:[a-z0-9-]+\.)+(?:com|net|org|io|dev|example|invalid|test|local"
    r"|internal|info|biz|xyz|top|app|ai|co|me|sh|onion|[a-z]{2})\b|\b(?:\d{1,3}\.){3}\d{1,3}\b",
    "paths": r"(?:~|\.{1,2})?/(?:[\w.@+-]+/)*[\w.@+-]+"
    r"|(?:\b[A-Za-z]:|\\)\\(?:[\w.@+-]+\\)*[\w.@+-]+",
    "amounts": r"[$€£¥₹]\s?\d[\d.,']{0,20}|\b\d[\d.,']{0,20}\s?(?:USD|EUR|GBP|CHF|SEK|JPY|BTC|%)"
    r"|\b\d{6,30}\b|\b\d{1,9}[.,]\d{2}\b",
}
_PATTERNS = {kind: re2.compile(pattern) for kind, pattern in _KINDS.items()}


def find_spans(value: JsonValue) -> dict[str, JsonValue]:
    """Return what stands anywhere in `value`, by kind, without repetition, and how much more."""
    found: dict[str, JsonValue] = {}
    texts = list(read_strings(value))
    for kind, pattern in _PATTERNS.items():
        distinct = list(dict.fromkeys(_search(pattern, texts)))
        if not distinct:
            continue
        half = MOST // 2
        kept = distinct if len(distinct) <= MOST else [*distinct[:half], *distinct[-half:]]
        found[kind] = [text[:LONGEST] for text in kept]
        if len(distinct) > MOST:
            found[f"{kind}_left_out"] = len(distinct) - MOST
    return found


def read_strings(value: JsonValue) -> Iterator[str]:
    """Yield every string in `value`, keys and long numbers too, in their order."""
    waiting: list[JsonValue] = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            for key, item in reversed(one.items()):
                waiting += [item, key]
        elif isinstance(one, list):
            waiting.extend(reversed(one))
        elif isinstance(one, (int, float)) and not isinstance(one, bool) and abs(one) >= 100:
            yield str(one)


def _search(pattern: re2._Regexp, texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for piece in _halves(text):
            for match in pattern.finditer(piece):
                yield match.group(0)


def _halves(text: str) -> tuple[str, ...]:
    if len(text) <= LONGEST_TEXT:
        return (text,)
    return text[: LONGEST_TEXT // 2], text[-LONGEST_TEXT // 2 :]
