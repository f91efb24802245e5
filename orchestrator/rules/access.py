"""Which files a shell command touches, and how: what its arguments and redirects mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from orchestrator.rules.programs import Programs, Use
from orchestrator.rules.schema import Access
from orchestrator.rules.shell import Command, Word

_STREAMS = frozenset(("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/stdin", "/dev/tty", "-"))
_WALKERS = frozenset(("find", "fd"))
_WALKER_OPTIONS = frozenset(("-H", "-L", "-P"))
_SCRIPT_FLAGS = frozenset(("-e", "-f", "--regexp", "--file", "--expression", "--reference"))
_DD_ACCESS: dict[str, Access] = {"if": "read", "of": "write"}
_PATH_STARTS = ("/", "./", "../", "~", "$HOME", "${HOME}")


class Touched(NamedTuple):
    """A word of a command that names a file."""

    word: Word
    access: Access


def find_touched(command: Command, programs: Programs) -> Iterator[Touched]:
    """Yield the files that `command` touches by its arguments and redirects."""
    for redirect in command.redirects:
        target = redirect.target
        if target.text not in _STREAMS and not (redirect.op.endswith("&") and _is_fd(target.text)):
            yield Touched(target, "read" if redirect.op == "<" else "write")
    program = command.program or ""
    if program in programs.no_files:
        return
    written = set(_find_outputs(command, programs.outputs.get(program, frozenset())))
    for word in written:
        yield Touched(word, "write")
    use = programs.uses.get(program)
    for touched in (
        _guess_targets(command) if use is None else _read_targets(command, use, programs)
    ):
        if touched.word not in written and touched.word.text not in _STREAMS:
            yield touched


def _read_targets(command: Command, use: Use, programs: Programs) -> Iterator[Touched]:
    if command.program in _WALKERS:
        yield from _read_start_points(command)
        return
    access = use.access
    in_place = programs.in_place.get(command.program or "", ())
    if in_place and any(flag.startswith(in_place) for flag in command.flags):
        access = "write"
    skip = 0 if command.flags & _SCRIPT_FLAGS else use.skip
    valued = programs.valued.get(command.program or "")
    words = command.targets if valued is None else tuple(plain_words(command, valued))
    named = [word for word in words if word.text]  # BSD writes `sed -i '' SCRIPT FILE`
    targets = named[skip:]
    for place, word in enumerate(targets):
        is_last = len(targets) > 1 and place == len(targets) - 1
        yield Touched(word, use.last if use.last and is_last else access)


def _read_start_points(command: Command) -> Iterator[Touched]:
    """Yield where `find` starts: what stands before its first test."""
    access: Access = "delete" if "-delete" in command.flags else "read"
    for word in command.args:
        if word.text in _WALKER_OPTIONS:
            continue
        if word.text.startswith(("-", "(", "!")):
            return
        yield Touched(word, access)


def _guess_targets(command: Command) -> Iterator[Touched]:
    """Take what looks like a path for one, where the program is not known."""
    for word in command.args:
        name, is_pair, value = word.text.partition("=")
        text = value if is_pair and "/" not in name else word.text
        if command.program == "dd" and name in _DD_ACCESS:
            yield Touched(word._replace(text=text), _DD_ACCESS[name])
        elif text == ".." or text.startswith(_PATH_STARTS):
            yield Touched(word._replace(text=text), "use")
        elif "/" in text and "://" not in text and not text.startswith("-"):
            yield Touched(word, "use")


def _find_outputs(command: Command, flags: frozenset[str]) -> Iterator[Word]:
    following = False
    for word in command.args if flags else ():
        if following:
            yield word
        following = word.text in flags
        flag, is_pair, value = word.text.partition("=")
        if is_pair and flag in flags:
            yield word._replace(text=value)


def plain_words(command: Command, valued: frozenset[str]) -> Iterator[Word]:
    """Yield the words that are neither flags nor values of the flags in `valued`."""
    skip = literal = False
    for word in command.args:
        if skip:
            skip = False
        elif word.text == "--" and not literal:
            literal = True
        elif word.text[:1] == "-" and len(word.text) > 1 and not literal:
            skip = word.text in valued
        else:
            yield word


def _is_fd(text: str) -> bool:
    return text.isdigit() or text == "-"
