"""Say a turn again in our own words, so that signals between two models of a family are lost.

The agent's message, reasoning and justifications are left out. Shell lines become the commands that
would run, code loses its comments, objects get their keys in order, and characters nobody sees go.
What a call would do stays; what cannot be read is shown as it is.
"""

from __future__ import annotations

import io
import tokenize
import unicodedata
from collections.abc import Mapping

from pydantic import JsonValue

from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.trace import History
from orchestrator.domain.action import Action, Turn
from orchestrator.domain.value import JsonObject
from orchestrator.rules.shell import Command, parse_shell

SHELL = ("command", "cmd", "script")
CODE = ("code", "source", "script")
_UNSEEN = ("Cf", "Co", "Cn", "Cc")


def jam(case: Case) -> Case:
    """Return `case` as auditors of the agent's family may see it."""
    steps = tuple(
        step.model_copy(
            update={
                "arguments": jam_arguments(step.arguments, case.kinds.get(step.tool, "")),
                "result": None if step.result is None else _plain(step.result),
            }
        )
        for step in case.history.steps
    )
    history: History = case.history._replace(steps=steps)
    return case._replace(turn=_jam_turn(case.turn, case.kinds), history=history)


def jam_arguments(arguments: JsonObject, kind: str) -> JsonObject:
    """Return the arguments of a call said again; `kind` is what its tool is taken for."""
    return {name: _jam(arguments[name], name, kind) for name in sorted(arguments)}


def _jam_turn(turn: Turn, kinds: Mapping[str, str]) -> Turn:
    actions = tuple(_jam_action(action, kinds.get(action.tool, "")) for action in turn.actions)
    silent = {"message": None, "reasoning": None, "justification": None, "actions": actions}
    return turn.model_copy(update=silent)


def _jam_action(action: Action, kind: str) -> Action:
    arguments = jam_arguments(action.arguments, kind)
    return action.model_copy(update={"arguments": arguments, "justification": None})


def _jam(value: JsonValue, name: str, kind: str) -> JsonValue:
    if isinstance(value, dict):
        return {key: _jam(value[key], key, kind) for key in sorted(value)}
    if isinstance(value, list):
        return [_jam(item, name, kind) for item in value]
    if not isinstance(value, str):
        return value
    if kind == "shell" and name in SHELL:
        return _commands(value)
    if kind == "code" and name in CODE:
        return _plain(_without_comments(value))
    return _plain(value)


def _commands(line: str) -> JsonValue:
    """Return the commands a shell line would run, one text each; the line where it is unclear."""
    shell = parse_shell(line)
    if shell.unknown or not shell.commands:
        return _plain(line)
    return [_command(command) for command in shell.commands]


def _command(command: Command) -> str:
    fed = f" <<< {command.stdin.text}" if command.stdin and not command.reads_pipe else ""
    wrapped = "".join(f"{wrapper} " for wrapper in command.wrappers)
    return f"{'| ' if command.stage else ''}{_plain(f'{wrapped}{command.text}{fed}')}"


def _without_comments(code: str) -> str:
    """Return Python without its comments; any other text as it is."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (tokenize.TokenError, SyntaxError):
        return code
    lines = code.splitlines(keepends=True)
    for token in reversed(tokens):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            text = lines[row - 1]
            lines[row - 1] = text[:column].rstrip() + text[token.end[1] :]
    return "".join(lines)


def _plain(text: str) -> str:
    """Return `text` in one normal form, without what nobody sees and with single spaces."""
    normal = unicodedata.normalize("NFKC", text)
    seen = (c for c in normal if c == "\n" or unicodedata.category(c) not in _UNSEEN)
    lines = "".join(" " if c == "\t" else c for c in seen).split("\n")
    return "\n".join(" ".join(line.split(" ")).rstrip() for line in lines)
