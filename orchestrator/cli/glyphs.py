"""Signs that the terminal can show: decided once, where text leaves the program."""

from __future__ import annotations

import codecs
import io
import os
import sys

from orchestrator.domain.glyphs import in_ascii, is_utf8

ENCODINGS = {"crossaudit_utf_8": "utf-8", "crossaudit_ascii": "ascii"}
"""Our signs in ASCII; letters of others as UTF-8, or as escapes where the locale has none."""


def draws_ascii(glyphs: str | None) -> bool:
    """Say whether signs are drawn in ASCII: as configured, else where the locale is not UTF-8."""
    return glyphs == "ascii" or (glyphs is None and not is_utf8(os.environ))


def fit_streams(glyphs: str | None = None) -> None:
    """Make what is written to standard output and error fit `glyphs`, or the locale."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            if draws_ascii(glyphs):
                encoding = "crossaudit_utf_8" if is_utf8(os.environ) else "crossaudit_ascii"
            else:
                encoding = "utf-8" if stream.encoding in ENCODINGS else stream.encoding
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def _find(name: str) -> codecs.CodecInfo | None:
    if name not in ENCODINGS:
        return None
    target = ENCODINGS[name]
    known = codecs.lookup(target)

    def encode(text: str, errors: str = "strict") -> tuple[bytes, int]:
        return in_ascii(text).encode(target, errors), len(text)

    class Encoder(codecs.IncrementalEncoder):
        def encode(self, text: str, final: bool = False) -> bytes:
            return encode(text, self.errors)[0]

    return codecs.CodecInfo(
        encode, known.decode, known.streamreader, known.streamwriter, Encoder,
        known.incrementaldecoder, name,
    )  # fmt: skip


codecs.register(_find)
