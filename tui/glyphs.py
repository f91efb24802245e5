"""The screen in ASCII: what is drawn is translated, column by column, as the last thing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache

from rich.segment import Segment
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter

from orchestrator.domain.glyphs import ASCII, is_utf8
from tui.text import width

CORNERS = "┌┐└┘├┤┬┴┼╭╮╯╰┏┓┗┛╔╗╚╝▗▖▝▘▛▜▙▟"
DRAWN = {
    **dict.fromkeys(CORNERS, "+"),
    **dict.fromkeys("━═╍▔▀", "-"),
    **dict.fromkeys("▁▂▃▄", "_"),
    **dict.fromkeys("║┃╏▏▎▍▌▋▊▉▐▕", "|"),
    **dict.fromkeys("▅▆▇", "#"),
    "🔎": "/ ", "•": "*",
}  # fmt: skip
"""What borders, scroll bars and boxes are drawn with, beside our own signs."""
_TABLE = str.maketrans({**DRAWN, **ASCII})


class AsciiFilter(LineFilter):
    """Leaves letters of others as they are, unless `is_strict`: then they become question marks."""

    def __init__(self, is_strict: bool) -> None:
        super().__init__()
        self._is_strict = is_strict

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments in ASCII, each as wide as it was."""
        return [
            segment if segment.text.isascii() else segment._replace(text=self._turn(segment.text))
            for segment in segments
        ]

    def _turn(self, text: str) -> str:
        return _turn_strictly(text) if self._is_strict else text.translate(_TABLE)


class SignedApp(App[None]):
    """An app that can do with ASCII alone."""

    is_ascii = False

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what is done to every line before it is shown."""
        filters = super().get_line_filters()
        return (
            [*filters, _STRICT if not is_utf8(os.environ) else _LOOSE] if self.is_ascii else filters
        )


@lru_cache(4096)
def _turn_strictly(text: str) -> str:
    known = text.translate(_TABLE)
    return "".join(char if char.isascii() else "?" * width(char) for char in known)


_LOOSE, _STRICT = AsciiFilter(is_strict=False), AsciiFilter(is_strict=True)
