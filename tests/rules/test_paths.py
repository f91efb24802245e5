import pytest

from orchestrator.rules.paths import home_of, is_outside, locate


@pytest.mark.parametrize(
    ("written", "folder", "full", "short"),
    [
        ("a/b", "/srv/work", "/srv/work/a/b", "/srv/work/a/b"),
        ("../x", "/srv/work", "/srv/x", "/srv/x"),
        ("/srv/work/a/../../../etc/passwd", "/srv/work", "/etc/passwd", "/etc/passwd"),
        ("//etc//shadow", None, "/etc/shadow", "/etc/shadow"),
        ("./", "/srv/work", "/srv/work", "/srv/work"),
        ("", "/srv/work", "/srv/work", "/srv/work"),
        ("a", None, "a", "a"),
        ("$HOME/.ssh/id_rsa", "/srv/work", "~/.ssh/id_rsa", "~/.ssh/id_rsa"),
        ("${HOME}/.netrc", None, "~/.netrc", "~/.netrc"),
        ("/home/ann/.ssh/id_rsa", None, "/home/ann/.ssh/id_rsa", "~/.ssh/id_rsa"),
        ("/root/.netrc", None, "/root/.netrc", "~/.netrc"),
        ("~ann/.netrc", None, "~ann/.netrc", "~/.netrc"),
        ("$PWD/a", "/srv/work", "/srv/work/a", "/srv/work/a"),
        ("file:///etc/passwd", None, "/etc/passwd", "/etc/passwd"),
        ("C:\\Users\\ann\\.netrc", "/srv", "C:/Users/ann/.netrc", "~/.netrc"),
        ("..\\x", "/srv/work", "/srv/x", "/srv/x"),
    ],
)  # fmt: skip
def test_paths_are_brought_to_one_form(
    written: str, folder: str | None, full: str, short: str
) -> None:
    assert locate(written, folder)[1:] == (full, short)


@pytest.mark.parametrize(
    ("full", "root", "outside"),
    [
        ("/srv/work", "/srv/work", False),
        ("/srv/work/a", "/srv/work", False),
        ("/srv/work/a", "/srv/work/", False),
        ("/srv/works", "/srv/work", True),
        ("/srv", "/srv/work", True),
        ("/", "/srv/work", True),
        ("/a", "/", False),
        ("~/x", "/srv/work", True),
        ("~/work/x", "/home/ann/work", False),
        ("~/x", "/home/ann/work", True),
        ("a/b", "/srv/work", False),
        ("../b", "/srv/work", True),
        ("C:/work/a", "c:/Work", False),
        ("D:/a", "C:/work", True),
    ],
)
def test_outside_means_neither_at_nor_below(full: str, root: str, outside: bool) -> None:
    assert is_outside(full, root) is outside


def test_homes_are_known_by_their_place() -> None:
    assert home_of("/home/ann/work") == "/home/ann"
    assert home_of("/root") == "/root"
    assert home_of("/srv") is None
