"""The matcher of shell commands."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from orchestrator.rules.banks import Banks
from orchestrator.rules.call import Call
from orchestrator.rules.facets import Sub
from orchestrator.rules.programs import Programs
from orchestrator.rules.schema import CommandMatch, Names
from orchestrator.rules.shell import Command

CommandMatcher: TypeAlias = Callable[[Call], Sequence[Sub]]
"""Return the sub-commands that fit."""

_NONE: frozenset[str] = frozenset()
_Test: TypeAlias = Callable[[Command], bool]


def compile_command(match: CommandMatch, banks: Banks) -> CommandMatcher:
    """Compile the matcher of shell commands."""
    tests = list(_compile_tests(match, banks))
    with_line = frozenset(match.in_line_with)

    def find(call: Call) -> Sequence[Sub]:
        found = [sub for sub in call.subs if _passes(sub.command, tests)]
        if found and with_line and not any(s.command.program in with_line for s in call.subs):
            return ()
        if found and match.piped_from:
            return [sub for sub in found if _is_piped(sub, call, frozenset(match.piped_from))]
        return found

    return find


@functools.lru_cache(maxsize=2048)
def read_program(name: str) -> tuple[str, ...]:
    """Return the names a program goes by in rules: `python3.11` is also `python`."""
    stem, head = name.rstrip("0123456789."), name.split(".", 1)[0]
    return name, *(other for other in dict.fromkeys((stem, head)) if other and other != name)


def _passes(command: Command, tests: Sequence[_Test]) -> bool:
    for test in tests:  # noqa: SIM110 - a generator costs more than most tests do
        if not test(command):
            return False
    return True


def _compile_tests(match: CommandMatch, banks: Banks) -> Iterator[_Test]:
    if match.program:
        yield _program_test(match.program, banks.programs)
    for written in match.flags:
        yield _flag_test(written)
    if match.no_flags:
        unwanted = frozenset(match.no_flags)
        yield lambda command: unwanted.isdisjoint(command.flags)
    for pattern in match.words:
        yield _word_test(banks.words.add(pattern), banks)
    for pattern in match.no_words:
        yield _without_word(banks.words.add(pattern), banks)
    if match.wrapper:
        wrappers = frozenset(match.wrapper)
        yield lambda command: any(w.split(" ", 1)[0] in wrappers for w in command.wrappers)
    if match.code_from:
        sources = frozenset(match.code_from)
        yield lambda command: not sources.isdisjoint(command.code_from)
    if match.unknown is not None:
        yield lambda command: (command.program is None) is match.unknown


def _program_test(written: Names, programs: Programs) -> _Test:
    alone = frozenset(name for name in written if " " not in name)
    valued = programs.valued
    phrases: dict[str, list[list[str]]] = {}
    for head, *rest in (name.split() for name in written if " " in name):
        phrases.setdefault(head, []).append(rest)

    def fits(command: Command) -> bool:
        if command.program is None:
            return False
        for name in read_program(command.program):
            if name in alone:
                return True
            for rest in phrases.get(name, ()):
                if _leading_words(command, valued.get(name, _NONE), len(rest)) == rest:
                    return True
        return False

    return fits


def _leading_words(command: Command, valued: frozenset[str], count: int) -> list[str]:
    """Return the first words that are neither flags nor their values."""
    words: list[str] = []
    skip = False
    for word in command.args:
        if skip:
            skip = False
        elif word.text.startswith("-"):
            skip = word.text in valued
        else:
            words.append(word.text)
            if len(words) == count:
                break
    return words


def _flag_test(written: str) -> _Test:
    names = frozenset(written.split("|"))
    return lambda command: not names.isdisjoint(command.flags)


def _word_test(number: int, banks: Banks) -> _Test:
    words = banks.words
    return lambda command: any(number in words.matches(word.text) for word in command.args)


def _without_word(number: int, banks: Banks) -> _Test:
    words = banks.words
    return lambda command: not any(number in words.matches(word.text) for word in command.args)


def _is_piped(sub: Sub, call: Call, sources: frozenset[str]) -> bool:
    mine = sub.command
    return not sources.isdisjoint(mine.code_from) or any(
        other.command.program in sources
        and other.pointer == sub.pointer
        and other.command.pipeline == mine.pipeline
        and other.command.stage < mine.stage
        for other in call.subs
    )
