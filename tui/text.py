"""The one way text reaches the screen: literal, harmless, never markup.

Whatever a model, a tool or a file wrote goes through `said` or `safe`; control characters, escape
codes, bidirectional and zero-width tricks are shown as escapes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from textual.content import Content

from orchestrator.domain.display import pad, safe, width

__all__ = ["Part", "lines", "pad", "paragraph", "quoted", "safe", "said", "stack", "width"]

Part: TypeAlias = str | tuple[str, str] | Content
"""Text, text with a style, or what already is content."""

MOST_LINES = 60
LONGEST_LINE = 2_000


def said(*parts: Part) -> Content:
    """Return one line of content from `parts`."""
    made = [part if isinstance(part, Content) else _piece(part) for part in parts]
    return Content("").join(made)


def lines(text: str, most: int = MOST_LINES) -> list[str]:
    """Return the lines of a text, each harmless; the last one tells how many were left out."""
    all_lines = text.split("\n")
    kept = [safe(line.expandtabs(4), LONGEST_LINE) for line in all_lines[:most]]
    left = len(all_lines) - most
    return [*kept, f"… {left} more lines"] if left > 0 else kept


def paragraph(text: str, style: str = "", indent: str = "  ", most: int = MOST_LINES) -> Content:
    """Return a text of several lines, indented."""
    return stack(said(indent, (line, style)) for line in lines(text, most))


def quoted(text: str, quotes: Iterable[str], style: str, indent: str = "  ") -> Content:
    """Return a text in which the words an auditor quoted stand out."""
    shown = "\n".join(indent + line for line in lines(text))
    content = Content(shown)
    for quote in quotes:
        for part in lines(quote, 8):
            place = shown.find(part) if part.strip() else -1
            if place >= 0:
                content = content.stylize(style, place, place + len(part))
    return content


def stack(parts: Iterable[Content]) -> Content:
    """Return lines one below the other."""
    return Content("\n").join(list(parts))


def _piece(part: str | tuple[str, str]) -> Content:
    if isinstance(part, str):
        return Content(safe(part))
    text, style = part
    return Content.styled(safe(text), style) if style else Content(safe(text))
