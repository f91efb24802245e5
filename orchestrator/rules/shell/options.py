"""Read a program's options up to its first operand."""

from __future__ import annotations

from typing import NamedTuple

from orchestrator.rules.shell.command import Word


class Options(NamedTuple):
    """The options of a command, and where its operands start."""

    found: tuple[tuple[str, Word | None], ...]
    """Each name with its value; the value of an option that takes none is None."""
    end: int

    def has(self, names: frozenset[str]) -> bool:
        """Say whether one of `names` is set."""
        return any(name in names for name, _ in self.found)

    def value(self, names: frozenset[str]) -> Word | None:
        """Return the value of the last of `names` that is set."""
        values = [value for name, value in self.found if name in names and value is not None]
        return values[-1] if values else None


def read_options(words: list[Word], start: int, valued: frozenset[str]) -> Options:
    """Read the options from `start` on; those in `valued` take a value, joined or the next word."""
    found: list[tuple[str, Word | None]] = []
    at = start
    while at < len(words):
        word = words[at]
        if word.text == "--":
            return Options(tuple(found), at + 1)
        if len(word.text) < 2 or word.text[0] != "-":
            break
        at += 1
        options = _long(word, valued) if word.text[1] == "-" else _short(word, valued)
        name, value = options[-1]
        if value is None and name in valued and at < len(words):
            options[-1] = name, words[at]
            at += 1
        found += options
    return Options(tuple(found), at)


def _long(word: Word, valued: frozenset[str]) -> list[tuple[str, Word | None]]:
    name, equals, value = word.text.partition("=")
    return [(name, word._replace(text=value) if equals else None)]


def _short(word: Word, valued: frozenset[str]) -> list[tuple[str, Word | None]]:
    """Take `-abc` apart; what follows a letter that takes a value is its value."""
    if word.text in valued:
        return [(word.text, None)]
    options: list[tuple[str, Word | None]] = []
    for at, letter in enumerate(word.text[1:], 1):
        name = "-" + letter
        if name in valued and at + 1 < len(word.text):
            rest = word.text[at + 1 :]
            return [*options, (name, word._replace(text=rest.removeprefix("=")))]
        options.append((name, None))
    return options
