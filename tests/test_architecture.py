"""The house keeps its shape: sizes, imports, names, and nothing of any one machine in the files."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PACKAGES = ("orchestrator", "policies", "tui", "tests")

AIM, LIMIT = 300, 500
"""Lines of a file: above the first it says why, above the second it is split."""
WHY = "# Above 300 lines: "

LONGEST_FUNCTION, MEDIAN_FUNCTION = 60, 10
LOCKED_EXTRAS = ("inspect", "postgres")
"""Those that `make lock` pins; the others are large, and nothing shipped needs them."""

BANNED_NAMES = ("utils", "helpers", "manager", "base", "common")
HEAVY = ("anthropic", "networkx", "numpy", "openai", "scipy", "sqlalchemy", "sqlmodel", "textual")

# In pieces, so that this file does not contain what it looks for.
INDEX_HOSTS = ["py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "deb." + "debian.org"]


def test_no_file_is_too_long() -> None:
    sizes = {path: path.read_text("utf-8").count("\n") for path in _sources()}
    too_long = [f"{_name(path)}: {size}" for path, size in sizes.items() if size > LIMIT]
    assert not too_long, f"split what is above {LIMIT} lines: {too_long}"


def test_a_long_file_says_why() -> None:
    silent = [_name(path) for path in _sources() if _is_long_and_silent(path)]
    assert not silent, f"split, or explain in a line that starts with {WHY!r}: {silent}"


def test_functions_are_short() -> None:
    sizes = {place: size for path in _sources("orchestrator") for place, size in _functions(path)}
    too_long = [f"{place}: {size}" for place, size in sizes.items() if size > LONGEST_FUNCTION]
    assert not too_long, f"split what is above {LONGEST_FUNCTION} lines: {too_long}"
    assert median(sizes.values()) <= MEDIAN_FUNCTION


def test_modules_are_named_for_what_they_are() -> None:
    vague = [_name(path) for path in _sources() if path.stem in BANNED_NAMES]
    assert not vague, f"name the thing, not its drawer: {vague}"


def test_every_test_file_mirrors_a_module_or_is_about_the_whole() -> None:
    strays = [
        _name(folder)
        for folder in (ROOT / "tests").rglob("*")
        if folder.is_dir() and list(folder.glob("test_*.py")) and not _is_mirror(folder)
    ]
    assert not strays


def test_no_file_names_a_package_index_or_a_place_on_this_machine() -> None:
    words = [*INDEX_HOSTS, f"{ROOT}/"]
    if sys.prefix != sys.base_prefix and not sys.prefix.startswith(str(ROOT)):
        words.append(sys.prefix)
    found = [
        f"{_name(path)}: {word}"
        for path in _tracked()
        for word in words
        if word.encode() in path.read_bytes()
    ]
    assert not found


def test_the_lock_names_no_host() -> None:
    assert "://" not in (ROOT / "requirements.lock").read_text("utf-8")


def test_the_lock_satisfies_every_requirement() -> None:
    pinned = {
        canonicalize_name(line.split("==")[0]): line.split("==")[1].split()[0]
        for line in (ROOT / "requirements.lock").read_text("utf-8").splitlines()
        if line[:1].isalnum()
    }
    for wanted in _requirements():
        version = pinned.get(canonicalize_name(wanted.name))
        assert version, f"{wanted} is not in requirements.lock: run `make lock`"
        assert wanted.specifier.contains(version), f"{wanted} but {version}: run `make lock`"


@pytest.mark.parametrize("statement", ["import orchestrator", "import orchestrator.cli.program"])
def test_importing_loads_nothing_heavy(statement: str) -> None:
    assert _loaded_by(statement).isdisjoint(HEAVY)


def test_the_command_line_answers_without_pydantic() -> None:
    assert "pydantic" not in _loaded_by("import orchestrator.cli.program")


def _sources(*packages: str) -> Iterator[Path]:
    for package in packages or PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def _is_long_and_silent(path: Path) -> bool:
    text = path.read_text("utf-8")
    return text.count("\n") > AIM and not any(line.startswith(WHY) for line in text.splitlines())


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the place and the number of lines of every function, its decorators not counted."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield f"{_name(path)}:{node.lineno}", (node.end_lineno or 0) - node.lineno + 1


def _is_mirror(folder: Path) -> bool:
    below = folder.relative_to(ROOT / "tests")
    own = ("benchmarks", "scenarios", "real")
    return below.parts[0] in own or any(
        (ROOT / package / below).is_dir() for package in ("orchestrator", ".")
    )


def _tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def _requirements() -> Iterator[Requirement]:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project = data["project"]
    lists = [
        project["dependencies"],
        *(project["optional-dependencies"][extra] for extra in LOCKED_EXTRAS),
        *data["dependency-groups"].values(),
        data["build-system"]["requires"],
    ]
    return (Requirement(line) for lines in lists for line in lines)


def _loaded_by(statement: str) -> set[str]:
    code = f"{statement}\nimport sys; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in run.stdout.split()}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))
