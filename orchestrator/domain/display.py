"""Text of strangers made fit for a terminal: what a model wrote is shown, never obeyed."""

from __future__ import annotations

import unicodedata

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

# Printable by Unicode's book, yet seen as nothing, or as a space that is none.
_INVISIBLE = frozenset(
    [0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180F, 0x2800, 0x3164, 0xFFA0]
).union(range(0x180B, 0x180E), range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_MARKS_IN_A_ROW = 2  # more marks on one letter paint over the lines above and below


def safe(text: str, cells: int | None = None) -> str:
    r"""Return `text` on one line with every character either harmless or written as an escape.

    Controls, ANSI escapes, bidirectional and zero-width characters, odd spaces, lone surrogates and
    piled-up marks become `\n`, `\x1b`, `\u202e`. The result takes at most `cells` columns, an
    ellipsis at the end telling that something was cut. It is for eyes: backslashes of the text
    itself stay as they are, so it can't be turned back.
    """
    if text.isascii() and text.isprintable() and (cells is None or len(text) <= cells):
        return text
    kept: list[str] = []
    used = marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        piece = _escape(char) if marks > _MARKS_IN_A_ROW else _show(char)
        used += _width(piece)
        if cells is not None and used > cells:
            return _cut(kept, cells)
        kept.append(piece)
    return "".join(kept)


def width(text: str) -> int:
    """Return how many columns of a terminal a safe text takes."""
    return len(text) if text.isascii() else sum(map(_width, text))


def pad(text: str, cells: int) -> str:
    """Return `text` made safe, in exactly `cells` columns."""
    shown = safe(text, cells)
    return shown + " " * (cells - width(shown))


def count(number: int, name: str) -> str:
    """Return a number with what it counts, a word that takes an s: `1 run`, `2,000 runs`."""
    return f"{number:,} {name}" if number == 1 else f"{number:,} {name}s"


def _show(char: str) -> str:
    if char in _NAMED:
        return _NAMED[char]
    return char if char.isprintable() and ord(char) not in _INVISIBLE else _escape(char)


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _width(piece: str) -> int:
    if len(piece) > 1:
        return len(piece)
    if unicodedata.category(piece) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(piece) in "WF" else 1


def _cut(pieces: list[str], cells: int) -> str:
    used = sum(map(_width, pieces))
    while pieces and used > cells - 1:
        used -= _width(pieces.pop())
    return "".join(pieces) + "…" if cells else ""
