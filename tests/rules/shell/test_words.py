"""What a word becomes, and what is not known of it."""

import pytest

from orchestrator.rules.shell import parse_shell


def words(line: str) -> list[str]:
    """Return the arguments of the last command; `?` marks those not known."""
    command = parse_shell(line).commands[-1]
    return [word.text if word.known else word.text + "?" for word in command.args]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("e a\\ b", ["a b"]),
        ("e 'a'\"b\"c", ["abc"]),
        ('e "a\\"b\\$c\\d"', ['a"b$c\\d']),
        ("e 'a\\b'", ["a\\b"]),
        ("e $'a\\tb\\'\\x41\\u00e9\\101\\cA'", ["a\tb'AéA\x01"]),
        ("e $'a\\0b'", ["a"]),
        ("e $'\\xff'", ["\ufffd"]),
        ('e ""', [""]),
        ("e $", ["$"]),
        ('e "$"', ["$"]),
        ("e a$", ["a$"]),
        ("e ~ ~/x ~bob", ["~", "~/x", "~bob"]),
        ("e *.py", ["*.py?"]),
        ("e '*.py' \\*", ["*.py", "*"]),
        ("e [a", ["[a"]),
        ("e [ab]", ["[ab]?"]),
        ("e $x", ["$x?"]),
        ('e "a $x b"', ["a $x b?"]),
        ("e ${x:-y}", ["${x:-y}?"]),
        ("e $((1 + 2))", ["$((1 + 2))?"]),
        ("e <(a)", ["<(a)?"]),
        ("e $(a) b", ["$(a)?", "b"]),
    ],
)
def test_quotes_and_expansions(line: str, expected: list[str]) -> None:
    assert words(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x='a b'; e $x", ["a", "b"]),
        ("x='a b'; e \"$x\"", ["a b"]),
        ("x='a b'; e c$x", ["ca", "b"]),
        ("x=' a '; e c${x}d", ["c", "a", "d"]),
        ("x=; e $x", []),
        ('x=; e "$x"', [""]),
        ("x='*'; e $x \"$x\"", ["*?", "*"]),
        ("x=(a 'b c'); e ${x[@]}", ["a", "b", "c"]),
        ("x=(a 'b c'); e \"${x[@]}\"", ["a", "b c"]),
        ("x=(a 'b c'); e \"${x[*]}\"", ["a b c"]),
        ("x=(a b); e $x ${x[1]} ${x[9]}", ["a", "b"]),
        ('x=(a b); e "y${x[@]}z"', ["ya", "bz"]),
        ("x=$y; e $x", ["$y?"]),
        ("x=a$y; e ${x}b", ["a$yb?"]),
        ("set -- a 'b c'; e \"$@\" $2", ["a", "b c", "b", "c"]),
        ("x=a; x+=b; e $x", ["ab"]),
        ("x=a; e '$x' \\$x", ["$x", "$x"]),
        ("e $HOME/x $PWD/y", ["~/x", "./y"]),
        ("HOME=/h; e $HOME", ["/h"]),
        ('e "$(pwd)/x"', ["./x"]),
    ],
)
def test_variables(line: str, expected: list[str]) -> None:
    assert words(line) == expected


@pytest.mark.parametrize(
    ("expansion", "expected"),
    [
        ("${x}", "abcab"),
        ("${x:1}", "bcab"),
        ("${x:1:2}", "bc"),
        ("${x: -2}", "ab"),
        ("${x:1:-1}", "bca"),
        ("${x#ab}", "cab"),
        ("${x%ab}", "abc"),
        ("${x/b/X}", "aXcab"),
        ("${x//b/X}", "aXcaX"),
        ("${x//b}", "aca"),
        ("${x^}", "Abcab"),
        ("${x^^}", "ABCAB"),
        ("${x,,}", "abcab"),
        ("${x:-y}", "abcab"),
        ("${x-y}", "abcab"),
        ("${x:+y}", "y"),
        ("${e:-y}", "y"),
        ("${e-y}", ""),
        ("${e:+y}", ""),
        ("${!r}", "abcab"),
        ("${#x}", None),
        ("${x#*b}", None),
        ("${x/[ab]/c}", None),
        ("${x@Q}", None),
    ],
)
def test_parameter_expansion(expansion: str, expected: str | None) -> None:
    found = words(f'x=abcab; e=; r=x; e "{expansion}"')
    assert found == [f"{expansion}?" if expected is None else expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{a,b}", ["a", "b"]),
        ("x{a,b}y", ["xay", "xby"]),
        ("{a,{b,c}d}", ["a", "bd", "cd"]),
        ("{a,b}{1,2}", ["a1", "a2", "b1", "b2"]),
        ("{1..3}", ["1", "2", "3"]),
        ("{3..1}", ["3", "2", "1"]),
        ("{1..7..3}", ["1", "4", "7"]),
        ("{a..c}", ["a", "b", "c"]),
        ("{a}", ["{a}"]),
        ("{}", ["{}"]),
        ("{a,b", ["{a,b"]),
        ("a}", ["a}"]),
        ("{,a}", ["a"]),
        ('"{a,b}"', ["{a,b}"]),
        ("{'a,b',c}", ["a,b", "c"]),
        ("\\{a,b}", ["{a,b}"]),
        ("{$x,b}", ["$x?", "b"]),
        ("{1..999999}", ["{1..999999}?"]),
    ],
)
def test_braces(text: str, expected: list[str]) -> None:
    assert words(f"e {text}") == expected
