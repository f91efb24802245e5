from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.rules.links import find_links
from tests.rules.drive import make_turn, shell


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root, other = tmp_path / "work", tmp_path / "other"
    for folder in (root / "real", other):
        folder.mkdir(parents=True)
    (root / "out").symlink_to(other)
    (root / "in").symlink_to(root / "real")
    return root


def test_links_are_looked_up_for_every_path_of_a_turn(root: Path) -> None:
    turn = make_turn(
        ("write_file", {"path": "out/a.txt", "content": "x"}),
        shell("cat in/b.txt real/c.txt && rm out/d.txt"),
        ("python", {"code": "open('out/e.txt')"}),
    )
    other = root.parent / "other"
    assert find_links(turn, str(root)) == {
        "out/a.txt": str(other / "a.txt"),
        "in/b.txt": str(root / "real" / "b.txt"),
        "out/d.txt": str(other / "d.txt"),
        "out/e.txt": str(other / "e.txt"),
    }


def test_a_root_that_is_itself_a_link_changes_nothing(root: Path, tmp_path: Path) -> None:
    alias = tmp_path / "alias"
    alias.symlink_to(root)
    assert find_links(make_turn(shell("cat real/c.txt")), str(alias)) == {}


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000, "~nobody-of-that-name/x", "", "https://a/b"])
def test_odd_paths_do_no_harm(path: str, root: Path) -> None:
    assert find_links(make_turn(("read_file", {"path": path})), str(root)) == {}


def test_only_so_many_paths_are_looked_up(root: Path) -> None:
    turn = make_turn(("read_many_files", {"paths": [f"out/{n}" for n in range(10_000)]}))
    assert len(find_links(turn, str(root))) <= 200


def test_without_a_root_relative_paths_are_left_alone() -> None:
    assert find_links(make_turn(("read_file", {"path": "out/a.txt"})), None) == {}
