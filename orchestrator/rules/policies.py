"""The texts of the policies: shipped ones by name, others by path."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

from orchestrator.config import nearest
from orchestrator.errors import PolicyError


class PolicyText(NamedTuple):
    """A policy file as it is written."""

    file: str
    text: str


class Policies(NamedTuple):
    """Everything that decides what the rules are, but for the parameters."""

    constitution: PolicyText
    tools: PolicyText
    packs: tuple[PolicyText, ...]


def find_policies(packs: Sequence[str]) -> Policies:
    """Read the policies with the packs that are named; `*` stands for every shipped one."""
    return Policies(
        constitution=_read(resources.files("policies") / "constitution.yaml"),
        tools=find_tools(),
        packs=tuple(text for name in packs for text in _find(name)),
    )


def find_tools() -> PolicyText:
    """Read the tool mapping."""
    return _read(resources.files("policies") / "tools.yaml")


def pack_names() -> list[str]:
    """Return the names of the shipped packs."""
    return [file.name.removesuffix(".yaml") for file in _shipped()]


def _shipped() -> list[Traversable]:
    folder = resources.files("policies") / "packs"
    found = [file for file in folder.iterdir() if file.name.endswith(".yaml")]
    return sorted(found, key=lambda file: file.name.removesuffix(".yaml"))


def _find(name: str) -> list[PolicyText]:
    if name == "*":
        return [_read(file) for file in _shipped()]
    if "/" in name or name.endswith((".yaml", ".yml")):
        try:
            return [PolicyText(name, Path(name).read_text("utf-8"))]
        except OSError as error:
            raise PolicyError(f"cannot be read: {error.strerror}", file=name) from None
        except UnicodeDecodeError:
            raise PolicyError("is not UTF-8 text", file=name) from None
    for file in _shipped():
        if file.name == f"{name}.yaml":
            return [_read(file)]
    raise PolicyError(f"no rule pack {name!r}{nearest(name, ['*', *pack_names()])}")


def _read(file: Traversable) -> PolicyText:
    return PolicyText(str(file), file.read_text("utf-8"))
