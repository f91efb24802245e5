"""Decode the escapes of `$'...'`, `echo -e` and `printf`."""

from __future__ import annotations

_SIMPLE = {
    "a": b"\a", "b": b"\b", "e": b"\x1b", "E": b"\x1b", "f": b"\f", "n": b"\n", "r": b"\r",
    "t": b"\t", "v": b"\v", "\\": b"\\", "'": b"'", '"': b'"', "?": b"?",
}  # fmt: skip
_WIDTHS = {"x": 2, "u": 4, "U": 8}
_HEX = frozenset("0123456789abcdefABCDEF")
_OCTAL = frozenset("01234567")


def decode_ansi(text: str) -> str:
    r"""Decode what stands between `$'` and `'`; bytes that are not UTF-8 become U+FFFD."""
    result, at = bytearray(), 0
    while at < len(text):
        if text[at] != "\\" or at + 1 == len(text):
            result += text[at].encode("utf-8", "replace")
            at += 1
            continue
        code, at = _decode_escape(text, at + 1)
        result += code
    return result.partition(b"\0")[0].decode("utf-8", "replace")


def _decode_escape(text: str, at: int) -> tuple[bytes, int]:
    """Return the bytes of the escape whose letter is at `at`, and where it ends."""
    letter = text[at]
    if letter in _SIMPLE:
        return _SIMPLE[letter], at + 1
    if letter in _OCTAL:
        end = _span(text, at, 3, _OCTAL)
        return bytes([int(text[at:end], 8) & 0xFF]), end
    if letter in _WIDTHS:
        end = _span(text, at + 1, _WIDTHS[letter], _HEX)
        if end > at + 1:
            number = int(text[at + 1 : end], 16)
            return bytes([number]) if letter == "x" else _encode(number), end
    if letter == "c" and at + 1 < len(text):
        return bytes([ord(text[at + 1]) & 0x1F]), at + 2
    return b"\\" + letter.encode("utf-8", "replace"), at + 1


def _span(text: str, at: int, width: int, digits: frozenset[str]) -> int:
    end = at
    while end < min(at + width, len(text)) and text[end] in digits:
        end += 1
    return end


def _encode(number: int) -> bytes:
    return chr(number).encode("utf-8", "replace") if number < 0x110000 else b"\xff"
