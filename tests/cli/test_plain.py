"""What a model wrote reaches the terminal as text, whatever it is made of."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.cli.plain import pad, safe, width


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("two\nlines\r\nand\ttab", r"two\nlines\r\nand\ttab"),
        ("\x1b[2J\x1b[31mred", r"\x1b[2J\x1b[31mred"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x1b]8;;https://example.com\x1b\\click", "\\x1b]8;;https://example.com\\x1b\\click"),
        ("\x9b31m", r"\x9b31m"),
        ("nul\0del\x7f", r"nul\x00del\x7f"),
        ("over\x08\x08write", r"over\x08\x08write"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u2066a\u2069\u200e\u200f\u061c", r"\u2066a\u2069\u200e\u200f\u061c"),
        ("ze\u200bro\u200d\u2060\ufeff", r"ze\u200bro\u200d\u2060\ufeff"),
        ("soft\u00adhyphen", r"soft\xadhyphen"),
        ("rm\u00a0-rf", r"rm\xa0-rf"),
        ("line\u2028para\u2029", r"line\u2028para\u2029"),
        ("\u3164\u115f\u2800", r"\u3164\u115f\u2800"),
        ("\U000e0041\U000e0042", r"\U000e0041\U000e0042"),
        ("a\ufe0f\U000e0100", r"a\ufe0f\U000e0100"),
        ("lone \ud800", r"lone \ud800"),
        ("private \ue000", r"private \ue000"),
        ("a" + "\u0301" * 5, "a\u0301\u0301\\u0301\\u0301\\u0301"),
    ],
)
def test_nothing_hostile_survives(hostile: str, shown: str) -> None:
    assert safe(hostile) == shown


@pytest.mark.parametrize(
    "text", ["plain text, 100 %", "Grüße – ‹secret:card:12ab34cd›", "日本語", "👍", "C:\\temp\\new"]
)
def test_ordinary_text_stays(text: str) -> None:
    assert safe(text) == text


@pytest.mark.parametrize(
    ("text", "cells", "shown"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "abcd…"),
        ("abcdef", 1, "…"),
        ("abcdef", 0, ""),
        ("", 0, ""),
        ("日本語", 6, "日本語"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("ab\x1bcd", 5, "ab…"),  # an escape is never cut in half
        ("ab\x1bcd", 8, r"ab\x1bcd"),
        ("e\u0301a", 2, "e\u0301a"),
    ],
)
def test_cutting_counts_columns(text: str, cells: int, shown: str) -> None:
    assert safe(text, cells) == shown


@given(st.text())
def test_what_is_shown_is_printable_and_one_line(text: str) -> None:
    shown = safe(text)
    assert shown.isprintable()
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert safe(shown) == shown


@given(st.text(), st.integers(0, 20))
def test_what_is_shown_fits(text: str, cells: int) -> None:
    assert width(safe(text, cells)) <= cells
    assert width(pad(text, cells)) == cells


def test_a_huge_text_is_cut_without_being_read() -> None:
    assert safe("\x1b" * 50_000_000, 10) == r"\x1b\x1b…"
