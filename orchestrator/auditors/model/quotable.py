"""The pieces of shown text that a quote may stand in, made ready to be searched once."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

import re2
from pydantic import JsonValue

from orchestrator.auditors.model.encoding import write_json
from orchestrator.auditors.model.spans import read_strings

SHORTEST = 3
"""Characters of a quote below which it proves nothing."""
_ECHO = 12
"""Characters of a line below which it may stand anywhere by chance."""
_NOTES = re2.compile(r"‹(?:\d+ characters left out|withheld: [^›]{0,80}|nested too deep to show)›")


class Quotable:
    """Texts by source; each source is brought into its plain form when it is first quoted."""

    def __init__(self, texts: Mapping[str, Sequence[str]]) -> None:
        self._texts = texts
        self._plain: dict[str, tuple[str, ...]] = {}

    def holds(self, quote: str, source: str) -> bool:
        """Say whether `quote` stands in a text of `source`."""
        if source not in self._plain:
            self._plain[source] = tuple(map(plain, self._texts.get(source, ())))
        wanted = plain(quote)
        return len(wanted) >= SHORTEST and any(wanted in text for text in self._plain[source])


def plain(text: str) -> str:
    """Return `text` as quotes are compared: space, case and width of letters do not matter."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def split_data(value: JsonValue, written: str | None = None) -> list[str]:
    """Return what may be quoted of shown data: its texts, and its JSON as it is `written`."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return split_text(value)
    whole = _cut_at_notes(write_json(value) if written is None else written)
    return whole + [piece for text in read_strings(value) for piece in split_text(text)]


def split_text(text: str) -> list[str]:
    """Return the parts of a shown text between our notes, and how JSON writes them."""
    parts = _cut_at_notes(text)
    return parts + [written for part in parts if (written := write_json(part)[1:-1]) != part]


def without_echo(result: str, written: Sequence[str]) -> list[str]:
    """Return the lines of a result that stand in no argument written before, joined again."""
    sources = [text for text in written if len(text) >= _ECHO]
    kept: list[str] = [""]
    for line in result.split("\n"):
        bare = line.strip()
        if len(bare) >= _ECHO and any(bare in text for text in sources):
            kept.append("")
        else:
            kept[-1] += f"{line}\n"
    return [piece for text in kept if text for piece in split_text(text.removesuffix("\n"))]


def _cut_at_notes(text: str) -> list[str]:
    if "‹" not in text:
        return [text] if text else []
    parts, at = [], 0
    for match in _NOTES.finditer(text):
        parts.append(text[at : match.start()])
        at = match.end()
    return [part for part in (*parts, text[at:]) if part]
