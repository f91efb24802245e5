"""Our signs in ASCII, for terminals and fonts that have no others: one sign, one column each."""

from __future__ import annotations

from collections.abc import Mapping

ASCII = {
    # what was decided, and what stands before a line
    "✓": "+", "✗": "x", "⚑": "*", "■": "#", "▣": "=", "●": "o", "○": ".", "·": ".", "–": "-",
    "◆": "@", "◇": "&", "▲": "^", "▼": "v", "⁇": "?", "⚖": "&", "≈": "~", "∥": "|", "▶": ">",
    "◀": "<", "▸": ">", "‖": "|", "»": ">", "«": "<", "‹": "<", "›": ">", "…": "~", "└": "`",
    # arrows
    "←": "<", "→": ">", "↑": "^", "↓": "v", "↯": "!", "↳": "`", "↺": "u", "↻": "n", "⇄": "%",
    "⇆": "s", "⤫": "x",
    # lines, shades and quotes
    "─": "-", "│": "|", "█": "#", "░": ".", "▒": ":", "▓": "%", "“": '"', "”": '"',
}  # fmt: skip
"""Of every sign we write, what stands for it; a word always says the same."""
_TABLE = str.maketrans(ASCII)


def in_ascii(text: str) -> str:
    """Return `text` with our signs in ASCII; letters of other people stay as they are."""
    return text if text.isascii() else text.translate(_TABLE)


def is_utf8(environment: Mapping[str, str]) -> bool:
    """Say whether the locale is one of UTF-8; one that is not set counts as such."""
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    locale = next((environment[name] for name in names if environment.get(name)), "utf-8")
    return "utf8" in locale.lower().replace("-", "")
