"""Every sign we write has one in ASCII that is as wide."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.domain.display import width
from orchestrator.domain.glyphs import ASCII, in_ascii, is_utf8
from tests.conftest import ROOT
from tui.glyphs import DRAWN

SHOWN = (
    "tui",
    "orchestrator/cli",
    "orchestrator/replay",
    "orchestrator/domain",
    "orchestrator/collusion",
)
"""Whose texts are shown on a screen or as lines; importers read the signs of others."""


def texts(path: Path) -> Iterator[str]:
    """Yield the texts of a module, without its docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    spoken = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in spoken:
            continue
        if isinstance(node.value, str):
            yield node.value


def test_every_sign_in_our_texts_is_in_the_table() -> None:
    files = [path for name in SHOWN for path in (ROOT / name).rglob("*.py")]
    assert len(files) > 60
    missing = {
        (char, path.name)
        for path in files
        if path.name != "glyphs.py"
        for text in texts(path)
        for char in text
        if ord(char) > 0x7E and char not in ASCII and char.isprintable()
    }
    assert not missing


def test_signs_are_as_wide_as_what_stands_for_them_and_ascii() -> None:
    for sign, plain in {**ASCII, **DRAWN}.items():
        assert plain.isascii() and plain.isprintable() and len(plain) == width(sign), sign


def test_what_was_decided_keeps_a_sign_of_its_own() -> None:
    from orchestrator.replay.projection import GLYPHS

    assert len({in_ascii(sign) for sign in GLYPHS.values()}) == len(GLYPHS)
    assert in_ascii("✓ Käse …") == "+ Käse ~"


@pytest.mark.parametrize(
    ("environment", "is_so"),
    [
        ({}, True),
        ({"LANG": "en_GB.UTF-8"}, True),
        ({"LANG": "de_DE.utf8"}, True),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "C"}, False),
        ({"LC_CTYPE": "de_DE.ISO-8859-1", "LANG": "C.UTF-8"}, False),
        ({"LC_ALL": "", "LANG": "POSIX"}, False),
    ],
)
def test_the_locale_tells_whether_signs_can_be_shown(
    environment: dict[str, str], is_so: bool
) -> None:
    assert is_utf8(environment) is is_so
