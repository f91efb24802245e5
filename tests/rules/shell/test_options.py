"""Options are told from operands as getopt would."""

import pytest

from orchestrator.rules.shell.command import Word
from orchestrator.rules.shell.options import read_options

VALUED = frozenset(("-u", "-n", "--user", "-lang"))


@pytest.mark.parametrize(
    ("line", "found", "rest"),
    [
        ("x", {}, "x"),
        ("-a -b x -c", {"-a": None, "-b": None}, "x -c"),
        ("-ab x", {"-a": None, "-b": None}, "x"),
        ("-u bob x", {"-u": "bob"}, "x"),
        ("-ubob x", {"-u": "bob"}, "x"),
        ("-au bob x", {"-a": None, "-u": "bob"}, "x"),
        ("-aubob x", {"-a": None, "-u": "bob"}, "x"),
        ("--user bob x", {"--user": "bob"}, "x"),
        ("--user=bob x", {"--user": "bob"}, "x"),
        ("--other x", {"--other": None}, "x"),
        ("-lang c x", {"-lang": "c"}, "x"),
        ("-a -- -x y", {"-a": None}, "-x y"),
        ("- x", {}, "- x"),
        ("-u", {"-u": None}, ""),
    ],
)
def test_options(line: str, found: dict[str, str | None], rest: str) -> None:
    words = [Word(text, True, 0, 0) for text in line.split()]
    options = read_options(words, 0, VALUED)
    assert {name: value and value.text for name, value in options.found} == found
    assert " ".join(word.text for word in words[options.end :]) == rest
