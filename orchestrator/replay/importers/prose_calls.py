"""Calls that a benchmark wrote down as text, in the shapes agents write them."""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Callable

import re2

from orchestrator.replay.importers.fields import Fields

MOST = 64 * 1024
"""Characters of a text that is looked at."""
_MOST_PYTHON = 4 * 1024  # what Python's own parser is given: hostile text can make it slow

_FENCE = re2.compile(r"(?s)\A```(\w*)\n(.*?)\n?```\z")
_BRACED = re2.compile(r"(?s)\A([\w.-]+)(?:\s*:|\s+Input:|\s*\n\s*Action Input:)?\s*(\{.*\})\z")
_CALL = re2.compile(r"(?s)\A([\w.]+)\((.*)\)\z")
_SAID = re2.compile(r"(?s)\A(?:[Tt]he )?[Aa]ction(?: is)?:?\s+(\S.*)\z")
_SHELLS = {"bash", "sh", "shell", "console", "zsh"}
_ERRORS = (ValueError, SyntaxError, MemoryError, RecursionError)


def read_calls(text: str) -> list[Fields]:
    """Return the call that all of `text` is, or one a line; none where any of it is prose."""
    if len(text) > MOST:
        return []
    if whole := _read_call(text):
        return [whole]
    lines = [_read_call(line) for line in text.splitlines() if line.strip()]
    return [call for call in lines if call] if all(lines) else []


def _read_call(text: str) -> Fields | None:
    text = text.strip()
    if said := _SAID.match(text):
        text = said.group(1)
    return next((call for shape in _SHAPES if (call := shape(text))), None)


def _read_fence(text: str) -> Fields | None:
    if not (found := _FENCE.match(text)):
        return None
    language, body = found.group(1).lower(), found.group(2)
    if language in _SHELLS:
        return _call("bash", {"command": body})
    return _call("python", {"code": body}) if language in ("python", "py") else None


def _read_braced(text: str) -> Fields | None:
    if not (found := _BRACED.match(text)):
        return None
    arguments = _read_object(found.group(2))
    return None if arguments is None else _call(found.group(1), arguments)


def _read_json(text: str) -> Fields | None:
    """Read `{"name": .., "args": ..}`, `{"Tool": {..}}`, with or without `"command":` before it."""
    if text.startswith('"command"'):
        text = "{" + text  # cut out of an object around it
    found = _read_object(text) if text.startswith("{") else None
    if not found:
        return None
    if isinstance(inner := found.get("command"), dict):
        found = inner
    for name_key, key in _PAIRS:
        if isinstance(name := found.get(name_key), str) and key in found:
            return _call(name, found[key])
    if isinstance(name := found.pop("action_type", None), str):
        return _call(name, found)
    if len(found) == 1:
        tool, arguments = next(iter(found.items()))
        return _call(tool, arguments) if isinstance(arguments, dict) else None
    return None


def _read_function(text: str) -> Fields | None:
    """Read `name(key=value)`; what is not a plain value stays as it is written."""
    if not _CALL.match(text):
        return None
    tree = _parse(text) or _parse(text.replace("\n", "\\n"))
    if tree is None or not isinstance(call := tree.body, ast.Call):
        return None
    try:
        arguments = {k.arg or "**": _read_value(k.value) for k in call.keywords}
        positional = [_read_value(value) for value in call.args]
        name = ast.unparse(call.func)
    except _ERRORS:
        return None
    return _call(name, arguments | ({"args": positional} if positional else {}))


def _read_value(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def _read_object(text: str) -> Fields | None:
    """Read JSON, else a Python dict."""
    try:
        found = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        tree = _parse(text) or _parse(text.replace("\n", "\\n"))
        try:
            found = ast.literal_eval(tree) if tree else None
        except _ERRORS:
            return None
    return found if isinstance(found, dict) else None


def _parse(text: str) -> ast.Expression | None:
    if len(text) > _MOST_PYTHON:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd escapes in recorded text are nobody's fault here
        try:
            return ast.parse(text, mode="eval")
        except _ERRORS:
            return None


def _call(tool: str, arguments: object) -> Fields:
    return {"tool": tool, "arguments": arguments}


_PAIRS = (
    ("name", "args"), ("name", "arguments"), ("name", "parameters"), ("tool", "arguments"),
    ("tool", "input"), ("action", "action_input"),
)  # fmt: skip
_SHAPES: tuple[Callable[[str], Fields | None], ...] = (
    _read_fence, _read_json, _read_braced, _read_function,
)  # fmt: skip
