"""What a `modify` rule makes of a call: patches of its arguments."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from typing import TypeAlias

from orchestrator.domain.verdict import Patch
from orchestrator.rules.call import Call
from orchestrator.rules.facets import Finding, Sub
from orchestrator.rules.patches import read_pointer
from orchestrator.rules.schema import Change
from orchestrator.rules.shell import Word

Maker: TypeAlias = Callable[[Call, Sequence[Finding]], tuple[Patch, ...] | None]
"""Return the patches, or None where the change cannot be made safely."""


def compile_change(change: Change) -> Maker:
    """Compile what a `modify` rule does."""

    def make(call: Call, found: Sequence[Finding]) -> tuple[Patch, ...] | None:
        patches = [Patch(path=f"/{name}", value=value) for name, value in change.set.items()]
        cuts: list[tuple[Finding, str]] = []
        if change.mask is not None:
            cuts += [(finding, change.mask) for finding in found]
        if change.keep_in_root:
            if call.root is None:
                return None
            cuts += [(finding, _pull_in(finding.text, call.root)) for finding in found]
        if change.drop_flags:
            cuts += _find_flags(found, frozenset(change.drop_flags))
        replaced = _replace(call, cuts)
        if replaced is None or not (replaced or patches):
            return None
        return (*patches, *replaced)

    return make


def _replace(call: Call, cuts: Sequence[tuple[Finding, str]]) -> list[Patch] | None:
    """Rewrite each argument once, from its end to its start."""
    by_pointer: dict[str, list[tuple[Finding, str]]] = {}
    for cut in cuts:
        by_pointer.setdefault(cut[0].pointer, []).append(cut)
    patches = []
    for pointer, own in by_pointer.items():
        text = read_pointer(call.action.arguments, pointer)
        if not isinstance(text, str):
            return None
        last = len(text) + 1
        for finding, value in sorted(own, key=lambda cut: cut[0].start, reverse=True):
            if text[finding.start : finding.end] != finding.text or finding.end > last:
                return None  # a word of a nested command, whose quotes would have to be kept
            text = text[: finding.start] + value + text[finding.end :]
            last = finding.start
        patches.append(Patch(path=pointer, value=text))
    return patches


def _find_flags(found: Sequence[Finding], flags: frozenset[str]) -> list[tuple[Finding, str]]:
    cuts = []
    for sub in {finding.sub for finding in found if finding.sub is not None}:
        cuts += [
            (_space_before(sub, word), "")
            for word in sub.command.args
            if word.text in flags and sub.line[word.start - 1 : word.end] == f" {word.text}"
        ]
    return cuts


def _space_before(sub: Sub, word: Word) -> Finding:
    start, end = sub.base + word.start - 1, sub.base + word.end
    return Finding(sub.pointer, start, end, f" {word.text}", sub)


def _pull_in(path: str, root: str) -> str:
    parts = [
        part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..", "~")
    ]
    return posixpath.join(root, *parts)
