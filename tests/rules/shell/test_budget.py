from __future__ import annotations

import pytest

from orchestrator.rules.shell import parse_shell
from orchestrator.rules.shell.budget import MAX_WORDS

NAMES = " ".join(f"x{number}=1" for number in range(1000))
ENDLESS = {
    "eval": "eval " * 3000,
    "expansions": "a=$y " * 6000,
    "backticks": "`" * 20_000,
    "commands": "a; " * 2000,
    "loops": "for a in 1 2 3 4 5 6 7 8; do " * 4 + "b; " + "done; " * 4,
    "functions": "f() { a " + "b " * 3000 + "; }; " + "f; " * 200,
    "fields": "x='" + "a " * 1000 + "'; echo " + "$x" * 100,
    "braces": "echo " + "{1..9}{1..9}{1..3} " * 1000,
    "places of find": "find " + "a " * 1900 + "-exec b " + "{} " * 1900 + "\\;",
    "holes of xargs": "echo " + "a" * 9000 + " | xargs -I{} b " + "{}" * 9000,
    "names": NAMES + "; " + "(a); " * 100,
    "again and again": "f() { g " + "b " * 3000 + "; }; g() { :; }; " + "f; " * 200,
}


@pytest.mark.parametrize("line", ENDLESS.values(), ids=ENDLESS)
def test_a_line_without_end_is_unknown(line: str) -> None:
    shell = parse_shell(line)
    assert shell.unknown is not None
    assert sum(len(command.args) for command in shell.commands) <= MAX_WORDS


def test_what_came_before_the_bound_is_kept() -> None:
    shell = parse_shell("rm -rf /\n" + "`" * 20_000)
    assert shell.commands[0].program == "rm"


def test_all_texts_of_a_line_share_the_bound() -> None:
    once = "echo " + "a " * 3000
    assert parse_shell(f"sh -c '{once}'").unknown is None
    assert parse_shell(f"eval eval eval eval eval {once}").unknown is not None


def test_a_long_script_of_ordinary_commands_is_understood() -> None:
    script = "\n".join(f"git add src/part_{n}.py && git commit -q -m 'Add {n}'" for n in range(90))
    shell = parse_shell(script)
    assert shell.unknown is None
    assert len(shell.commands) == 180
