"""No line makes the reader raise, take long, or point outside the line."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.rules.shell import MAX_LINE
from orchestrator.rules.shell.reader import read_line

PARTS = [
    "rm", "-rf", "/", "echo", "sh", "-c", "sudo", "xargs", "find", "-exec", "{}", ";", "eval",
    "cat", " ", " ", "\n", "\t", "\\\n", "&&", "||", "|", "&", ";", ";;", "(", ")", "{ ", "; }",
    "'", '"', "`", "$(", "${", "}", "$((", "))", "((", "<(", "<<E", "<<-'E'", "\nE\n", "<<<",
    ">", "2>&1", "&>", "$x", "${x:-y}", "${x[@]}", "x=", "x+=(", "x[", "]", "$'\\x72", "\\", "#",
    "~", "*", "!", "[[ ", " ]]", "if ", "then ", "else ", "fi", "for x in ", "do ", "done",
    "while ", "case ", " in ", "esac", "f() { ", "function ", "time ", "coproc ", "select ",
    "{1..9}", "{a,b}", "\r", "\0", "é", "\u202e", "🧹", "ssh h ", "docker exec c ", "base64 -d",
    "set -- ", "alias a=", "trap ", "source ",
]  # fmt: skip

lines = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from(PARTS), max_size=40).map("".join),
    st.lists(st.one_of(st.sampled_from(PARTS), st.text(max_size=5)), max_size=30).map(" ".join),
)


@given(lines)
@settings(
    max_examples=3000, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
def test_any_line_is_read(line: str) -> None:
    shell = read_line(line)
    for command in shell.commands:
        assert 0 <= command.start <= command.end <= len(line)
        assert command.program is not None or shell.unknown
        assert set(command.targets) <= set(command.args)
    assert read_line(line) == shell


@pytest.mark.parametrize("part", [*PARTS, "a|", "a=(", "')", 'sh -c "', "$(cat <<E\n", "a[b "])
def test_the_longest_line_is_read_in_bounded_time(part: str) -> None:
    line = (part * MAX_LINE)[:MAX_LINE]
    start = time.process_time()
    read_line(line)
    assert time.process_time() - start < 1.0
