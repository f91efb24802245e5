"""`when:` of a rule, in CEL: for the odd condition that no matcher has; needs the extra `cel`."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from pydantic import JsonValue

from orchestrator.rules.call import Call
from orchestrator.rules.schema import Label

Expression: TypeAlias = Callable[[Call, Iterable[Label]], str | None]
"""Return None where it does not hold, else a note: empty, or why it could not be told."""

MAX_CHARACTERS = 4_096
"""Longer texts reach an expression cut off: it works on a copy."""

MAX_ITEMS = 200
_UNTOLD = "its condition could not be told"


def compile_expression(text: str) -> Expression:
    """Compile CEL; raise ValueError for what is no condition, or where the extra is missing.

    An expression may use `tool`, `kind`, `arguments`, `labels`, `programs`, `paths`, `hosts` and
    `recipients`. One that fails while it runs, such as on an argument that is not there, holds:
    `has(arguments.x)` says what is meant.
    """
    try:
        cel: Any = importlib.import_module("cel_expr_python.cel")
    except ImportError:
        raise ValueError("`when` needs the extra `cel`: pip install 'crossaudit[cel]'") from None
    kind = cel.Type
    lists = ("labels", "programs", "paths", "hosts", "recipients")
    variables = {
        "tool": kind.STRING,
        "kind": kind.STRING,
        "arguments": kind.Map(kind.STRING, kind.DYN),
    }
    variables |= dict.fromkeys(lists, kind.List(kind.STRING))
    try:
        compiled: Any = cel.NewEnv(variables=variables).compile(text)
    except RuntimeError as error:
        raise ValueError(f"`when`: {_first_fault(str(error))}") from None
    if compiled.return_type() not in (kind.BOOL, kind.DYN):
        raise ValueError("`when`: it must be true or false")

    def holds(call: Call, labels: Iterable[Label]) -> str | None:
        try:
            result = compiled.eval(data=_describe(call, labels))
        except RuntimeError:  # its budget of steps ran out
            return _UNTOLD
        if result.type() != kind.BOOL:  # a failure is a value too, and not a false one
            return _UNTOLD
        return "" if result.value() else None

    return holds


def _describe(call: Call, labels: Iterable[Label]) -> dict[str, Any]:
    return {
        "tool": call.action.tool,
        "kind": call.kind,
        "arguments": _shorten(call.action.arguments),
        "labels": sorted(labels),
        "programs": [sub.command.program or "" for sub in call.subs],
        "paths": [touch.location.full for touch in call.touches],
        "hosts": [contact.host.name for contact in call.contacts],
        "recipients": [finding.text for finding in call.recipients],
    }


def _shorten(value: JsonValue, depth: int = 0) -> JsonValue:
    if isinstance(value, str):
        return value[:MAX_CHARACTERS]
    if depth > 8:
        return None
    if isinstance(value, dict):
        return {key: _shorten(value[key], depth + 1) for key in list(value)[:MAX_ITEMS]}
    if isinstance(value, list):
        return [_shorten(item, depth + 1) for item in value[:MAX_ITEMS]]
    return value


def _first_fault(message: str) -> str:
    """Cut the reason out of a message that also draws the place."""
    return message.split("ERROR: ", 1)[-1].split("\n", 1)[0].removeprefix("<input>:")
