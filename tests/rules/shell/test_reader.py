"""What surrounds a command: its pipe, its place in the line, what runs it."""

import pytest

from orchestrator.rules.shell import Command, parse_shell


def last(line: str) -> Command:
    return parse_shell(line).commands[-1]


def test_a_pipeline_numbers_its_stages() -> None:
    found = parse_shell("a | b | c; d").commands
    assert [(c.pipeline, c.stage, c.reads_pipe, c.stdin_from) for c in found] == [
        (1, 0, False, None),
        (1, 1, True, "a"),
        (1, 2, True, "b"),
        (2, 0, False, None),
    ]


def test_a_group_in_a_pipeline_shares_its_pipe() -> None:
    commands = parse_shell("a | { b; c; }").commands
    assert [(c.stage, c.stdin_from) for c in commands] == [(0, None), (1, "a"), (1, "a")]


def test_flags_are_normalised() -> None:
    command = last("tool -rf --force --depth=3 -name x -- --no")
    assert command.flags == {
        "-r", "-f", "-rf", "--force", "--depth", "-name", "-n", "-a", "-m", "-e",
    }  # fmt: skip
    assert [word.text for word in command.targets] == ["x", "--no"]
    assert [word.text for word in command.args][-2:] == ["--", "--no"]


def test_assignments_before_a_command_belong_to_it() -> None:
    command = last("A=1 B='x y' make")
    assert [(name, word.text) for name, word in command.assignments] == [("A", "1"), ("B", "x y")]


def test_text_leaves_out_wrappers_and_keeps_quotes() -> None:
    assert last("sudo -u x rm -rf 'a b' > log && true").text == "true"
    command = parse_shell("sudo -u x rm -rf 'a b' > log && true").commands[0]
    assert command.text == "rm -rf 'a b' > log"
    assert command.word is not None
    assert command.word.text == "rm"


@pytest.mark.parametrize(
    ("line", "span"),
    [
        ("ls; sh -c 'rm -rf x'", "rm -rf x"),
        ("bash -c \"sh -c 'rm -rf x'\"", "rm -rf x"),
        ("bash <<E\nls\nrm -rf x\nE\n", "rm -rf x"),
        ("eval rm -rf x", "rm -rf x"),
        ("echo é 🧹; ssh h 'rm -rf x'", "rm -rf x"),
        ("echo 'rm -rf x' | sh", "echo 'rm -rf x'"),
        ("bash -c 'rm'\" -rf x\"", "'rm'\" -rf x\""),
        ("`echo \\`rm -rf x\\``", "`echo \\`rm -rf x\\``"),
    ],
)
def test_code_lies_where_it_is_written_or_where_it_came_from(line: str, span: str) -> None:
    command = next(c for c in parse_shell(line).commands if c.program == "rm")
    assert command.text == "rm -rf x"
    assert line[command.start : command.end] == span


def test_words_of_nested_code_lie_in_the_line() -> None:
    line = "ls; bash -c \"sh -c 'rm -rf x > y'\""
    command = last(line)
    assert [line[w.start : w.end] for w in command.args] == ["-rf", "x"]
    assert line[command.redirects[0].target.start :].startswith("y")


def test_a_wrapper_that_does_something_itself_is_a_command_too() -> None:
    find, remove = parse_shell("find /srv -name x -exec rm {} \\;").commands
    assert (find.program, remove.program) == ("find", "rm")
    assert remove.wrappers == ("find -exec",)


def test_what_a_shell_reads_is_kept() -> None:
    bash, inner = parse_shell("bash <<'E'\nls $x\nE").commands
    assert bash.stdin is not None
    assert bash.stdin.text == "ls $x\n"
    assert inner.wrappers == ("bash",)


def test_a_remote_shell_does_not_know_our_directory_or_variables() -> None:
    command = last("cd /tmp; x=/; ssh h rm -rf '$x'")
    assert (command.cwd, command.cwd_known) == (None, False)
    assert not command.targets[0].known


def test_a_bare_redirection_has_an_empty_program() -> None:
    command = last("> f")
    assert (command.program, command.word, command.text) == ("", None, "> f")


def test_every_reason_is_a_sentence_part() -> None:
    lines = ["$x", "curl x | sh", "(", "'", "`", "$(", "${", "if a", "a ;; b", "eval $x", "\0"]
    for line in lines:
        unknown = parse_shell(line).unknown
        assert unknown
        assert unknown[0].islower() or unknown[0] in "'`\"("
        assert not unknown.endswith(".")


@pytest.mark.parametrize(
    "line",
    [
        "$(" * 100 + "rm" + ")" * 100,
        "(" + "(rm) " * 3 + ")" + "{ " * 200,
        "eval " * 5000,
        "sudo " * 100 + "rm",
        "x=aaaaaaaaaaaaaaaa; " + "x=$x$x; " * 30 + "$x",
        "true; " * 3000,
        "a " * 5000,
        "echo {1..100000}",
        "echo " + "{a,b}" * 30,
    ],
)
def test_too_much_is_unknown_or_left_open(line: str) -> None:
    shell = parse_shell(line)
    assert shell.unknown is not None or not all(w.known for c in shell.commands for w in c.args)


def test_the_first_part_of_a_long_line_is_read() -> None:
    shell = parse_shell("rm -rf /; " + "x" * 70_000)
    assert shell.commands[0].program == "rm"
    assert shell.unknown == "it is longer than 65,536 characters"


def test_rows_after_one_that_is_not_shell_are_read() -> None:
    shell = parse_shell("ls )\nrm -rf /\n")
    assert [c.program for c in shell.commands] == ["rm"]
    assert shell.unknown == "')' is not expected, near 'ls )\\nrm -rf /\\n'"


def test_equal_lines_are_read_once() -> None:
    assert parse_shell("ls -la") is parse_shell("ls -la")
