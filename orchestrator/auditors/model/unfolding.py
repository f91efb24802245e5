"""The other readings of a text: what a model understands though no pattern sees it as written."""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import unicodedata
from collections.abc import Callable, Iterator
from urllib.parse import unquote

import re2

from orchestrator.auditors.model.encoding import is_hidden

MOST_BLOBS = 12
"""Encoded pieces of one text that are decoded."""
_BLOB = re2.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX = re2.compile(r"(?:\b|\\x|0x)(?:[0-9A-Fa-f]{2}[\s:]?(?:\\x|0x)?){10,}")
_ESCAPE = re2.compile(r"\\u([0-9A-Fa-f]{4})|\\x([0-9A-Fa-f]{2})")
_SPACED = re2.compile(r"(?:\b\w[._*~|-]{1,2}){3,}\w\b")
_GAPS = re2.compile(r"[._*~|-]")
_INSIDE = re2.compile(r"([A-Za-z])[*_~|.\x{b7}-]([A-Za-z])")
_ALIKE = str.maketrans(
    "аеорсухіјѕԁһԛԝвкмнтАВЕКМНОРСТУХІЈЅαβεικνορτυχωΑΒΕΖΗΙΚΜΝΟΡΤΥΧıɑɡɩʟɴʀᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢ",
    "aeopcyxijsdhqwbkmhtABEKMHOPCTYXIJSabeiknoptuxwABEZHIKMNOPTYXiagilnracdejkmoptuvwz",
)
_LEET = tuple(str.maketrans("013457@$!", letters) for letters in ("oieastasi", "oleastasi"))


def unfold(text: str) -> Iterator[str]:
    """Yield `text` without disguise, and what other readings of it there are; not `text` itself.

    Hidden characters are dropped, except for those that spell letters of their own; lookalikes of
    other scripts become Latin letters; encoded pieces are decoded.
    """
    plain = reveal(text)
    seen = {text}
    for read in (_same, _as_lookalikes, _joined, _unescaped, _decoded, _rotated, _reversed, _leet):
        found = read(plain)
        if found and found not in seen:
            seen.add(found)
            yield found


def reveal(text: str) -> str:
    """Return `text` in plain letters, with what is hidden in it readable or gone."""
    if text.isascii():
        return text
    kept = "".join(
        chr(ord(c) - 0xE0000) if 0xE0020 <= ord(c) <= 0xE007E else "" if _is_dropped(c) else c
        for c in text
    )
    return unicodedata.normalize("NFKC", kept)


def hides(text: str) -> bool:
    """Say whether `text` holds what no honest text needs.

    That is hidden tags, overrides of direction, and words that mix letters of several scripts.
    """
    if text.isascii():
        return False
    if any(_is_tricky(c) for c in text):
        return True
    return any(_is_mixed(word) for word in text.split())


def _is_dropped(c: str) -> bool:
    return is_hidden(c) and not c.isspace()


def _is_tricky(c: str) -> bool:
    code = ord(c)
    return 0xE0000 <= code <= 0xE0FFF or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069


def _is_mixed(word: str) -> bool:
    letters = [c for c in word if c.isalpha()]
    latin = any(c.isascii() for c in letters)
    return latin and any(0x370 <= ord(c) <= 0x52F for c in letters)


def _same(text: str) -> str:
    return text


def _as_lookalikes(text: str) -> str:
    return "" if text.isascii() else text.translate(_ALIKE)


def _joined(text: str) -> str:
    """Join letters that stand apart: `s c o r e`, `s.c.o.r.e`, `sc*ore`."""
    joined = str(_SPACED.sub(lambda m: _GAPS.sub("", m.group(0)), text))
    pieces = joined.split(" ")
    if sum(len(piece) == 1 for piece in pieces) > 0.6 * sum(map(bool, pieces)) > 4:
        joined = " ".join(word.replace(" ", "") for word in joined.split("  "))
    return str(_INSIDE.sub(r"\1\2", joined))


def _unescaped(text: str) -> str:
    if "\\" not in text and "&" not in text and "%" not in text:
        return ""
    plain = _ESCAPE.sub(lambda m: chr(int(m.group(1) or m.group(2), 16)), text)
    plain = plain.replace("\\n", "\n").replace('\\"', '"').replace("\\t", "\t")
    return reveal(html.unescape(unquote(plain)).encode("utf-8", "replace").decode())


def _decoded(text: str) -> str:
    """Return what base64, base32 and hexadecimal pieces of `text` say, where they say words."""
    said = []
    for blob in _find(_BLOB, text):
        said += [_read(one, blob) for one in (_base64, _base32)]
    said += [_read(bytes.fromhex, _clean_hex(blob)) for blob in _find(_HEX, text)]
    return "\n".join(filter(None, said))


def _find(pattern: re2._Regexp, text: str) -> list[str]:
    found = []
    for match in pattern.finditer(text):
        found.append(match.group(0))
        if len(found) >= MOST_BLOBS:
            break
    return found


def _read(decode: Callable[[str], bytes], blob: str) -> str:
    try:
        text = decode(blob).decode("utf-8")
    except (ValueError, binascii.Error):
        return ""
    readable = sum(c.isprintable() or c in "\n\t" for c in text)
    return reveal(text) if len(text) >= 8 and readable >= 0.95 * len(text) else ""


def _base64(blob: str) -> bytes:
    body = blob.rstrip("=").replace("-", "+").replace("_", "/")
    body = body[: len(body) - (len(body) % 4 == 1)]
    return base64.b64decode(body + "=" * (-len(body) % 4), validate=True)


def _base32(blob: str) -> bytes:
    body = blob.rstrip("=").upper()
    return base64.b32decode(body + "=" * (-len(body) % 8))


def _clean_hex(blob: str) -> str:
    body = blob.replace("\\x", "").replace("0x", "").replace(":", "")
    body = "".join(body.split())
    return body[: len(body) - len(body) % 2]


def _rotated(text: str) -> str:
    return codecs.decode(text, "rot13")


def _reversed(text: str) -> str:
    return text[::-1]


def _leet(text: str) -> str:
    if not any(c in "01345@$!" for c in text):
        return ""
    return "\n".join(text.translate(table) for table in _LEET)
