"""From a host's tool calls to a turn fit to judge and to write: clean, with secrets replaced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from orchestrator.domain.action import Action, Turn
from orchestrator.domain.call import read_action, read_justification
from orchestrator.domain.value import JsonObject, clean_text
from orchestrator.rules.links import find_links
from orchestrator.rules.redaction import Originals, Redactor


class Draft(NamedTuple):
    """A proposed turn with its secrets replaced, and what they stand for."""

    turn: Turn
    originals: Originals

    def arguments_of(self, action: str) -> JsonObject:
        """Return the proposed arguments of an action of this turn."""
        return next(one.arguments for one in self.turn.actions if one.id == action)


class Words(NamedTuple):
    """What the agent said beside its calls."""

    message: str | None = None
    reasoning: str | None = None
    justification: Any = None


def draft_turn(
    index: int,
    calls: Sequence[Mapping[str, Any] | object],
    words: Words,
    *,
    is_known: Callable[[str], bool],
    strip_justification: bool,
    root: str | None,
    redactor: Redactor,
) -> Draft:
    """Build the turn number `index`; never raises for what the agent wrote.

    `is_known` says whether an action id was used before in this run. With `strip_justification`
    the argument of that name is moved out of the arguments the tool will see.
    """
    actions: list[Action] = []
    for place, call in enumerate(calls):
        taken = {action.id for action in actions}
        action = read_action(
            call,
            place=f"t{index}.{place}",
            is_taken=lambda name, taken=taken: name in taken or is_known(name),  # type: ignore[misc]
        )
        actions.append(_without_justification(action) if strip_justification else action)
    turn = Turn(
        index=index,
        message=None if words.message is None else clean_text(words.message),
        reasoning=None if words.reasoning is None else clean_text(words.reasoning),
        justification=read_justification(words.justification),
        actions=tuple(actions),
    )
    links = find_links(turn, root)
    return Draft(*redactor.turn(turn.model_copy(update={"links": links}) if links else turn))


def unread_turn(index: int, calls: Sequence[object]) -> Draft:
    """Stand in for a turn that could not be drafted, so that each of its calls can be denied."""
    actions = tuple(
        Action(id=f"t{index}.{place}", tool="", malformed="the guard could not read the call")
        for place, _ in enumerate(calls)
    )
    return Draft(Turn(index=index, actions=actions), {})


def _without_justification(action: Action) -> Action:
    if "justification" not in action.arguments:
        return action
    rest = {key: value for key, value in action.arguments.items() if key != "justification"}
    given = read_justification(action.arguments["justification"])
    return action.model_copy(update={"arguments": rest, "justification": given})
