"""OpenHands: events as one array (a run a file), or in `history`, one run a line.

Action and observation are joined by `cause`; actions of one model response are one turn. Test
results and reports beside the history are not read.
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.replay.importers.draft import Draft, OpenTurn
from orchestrator.replay.importers.fields import (
    Fields,
    Unfit,
    read_objects,
    read_path,
    read_text,
    read_tools,
    read_word,
)
from orchestrator.replay.importers.importer import Importer, RunFile, each_record, whole_file

_NO_CALLS = {
    "recall", "change_agent_state", "null", "condensation", "condensation_request", "pause",
    "resume", "stop",
}  # fmt: skip
_NO_ARGUMENTS = {
    "thought", "impl_source", "confirmation_state", "hidden", "blocking", "is_confirmed",
    "translated_ipython_code",
}  # fmt: skip


class OpenHands:
    """One run, event by event."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self._turns: dict[str, OpenTurn] = {}  # by model response
        self._actions: dict[str, str] = {}  # event id -> action

    def take(self, at: int, event: Fields) -> None:
        """Read the event at index `at`; raises Unfit."""
        if isinstance(action := event.get("action"), str):
            args = event.get("args")
            self._take_action(at, event, action, args if isinstance(args, dict) else {})
        elif isinstance(event.get("observation"), str):
            self._take_observation(at, event)
        else:
            raise Unfit("is neither an action nor an observation")

    def _take_action(self, at: int, event: Fields, action: str, args: Fields) -> None:
        if event.get("source") == "user":
            if action == "message":
                self.draft.hear(at, read_text(args.get("content")))
        elif action == "system":
            self.draft.tools = read_tools(args.get("tools"))
        elif event.get("source") == "agent" and action not in _NO_CALLS:
            self._take_turn(at, event, action, args)

    def _take_turn(self, at: int, event: Fields, action: str, args: Fields) -> None:
        response = read_path(event, "tool_call_metadata", "model_response")
        self.draft.model = self.draft.model or read_word(read_path(response, "model"))
        name = read_word(read_path(response, "id"))
        turn = self._turns.get(name) if name else None
        if turn is None:
            turn = self.draft.open_turn(at)
            turn.think(_read_thought(response, args))
            if name:
                self._turns[name] = turn
        if action == "message":
            turn.say(read_text(args.get("content")))
        else:
            made = turn.call(_read_call(event, response, action, args))
            self._actions[str(event.get("id"))] = made.id

    def _take_observation(self, at: int, event: Fields) -> None:
        call_id = read_path(event, "tool_call_metadata", "tool_call_id")
        action = self._actions.get(str(event.get("cause")))
        if action is None and call_id is None:
            return  # the harness speaks: context recalled, a state changed
        self.draft.observe(
            at,
            read_text(event.get("content")) or "",
            call_id=call_id,
            action=action,
            error=event["observation"] == "error" or bool(event.get("error")),
        )


def recognises_event(record: object) -> bool:
    """Know one event."""
    if not isinstance(record, dict) or not isinstance(record.get("source"), str):
        return False
    return isinstance(record.get("action") or record.get("observation"), str)


def recognises_output(record: object) -> bool:
    """Know a run by its history of events."""
    history = record.get("history") if isinstance(record, dict) else None
    return isinstance(history, list) and any(recognises_event(e) for e in _flatten(history[:4]))


def read_output(record: Fields, file: RunFile, number: int) -> Iterator[Draft]:
    """Read one line; older histories hold pairs of action and observation."""
    history = record.get("history")
    if not isinstance(history, list):
        raise Unfit("has no history")
    run = OpenHands(file.draft(number, agent="openhands"))
    run.draft.model = read_word(read_path(record, "metadata", "llm_config", "model"))
    for at, event in enumerate(read_objects({"history": _flatten(history)}, "history")):
        run.take(at, event)
    yield run.draft


def _flatten(history: list[object]) -> list[object]:
    return [e for item in history for e in (item if isinstance(item, list) else [item])]


def _read_thought(response: object, args: Fields) -> str | None:
    """Return what the model wrote beside its calls."""
    thought = read_text(args.get("thought"))
    return thought or read_text(read_path(_message(response), "content")) or thought


def _read_call(event: Fields, response: object, action: str, args: Fields) -> Fields:
    """Return the call as the model made it, else as the harness understood it."""
    call_id = read_path(event, "tool_call_metadata", "tool_call_id")
    name = read_path(event, "tool_call_metadata", "function_name")
    calls = read_path(_message(response), "tool_calls")
    for call in calls if isinstance(calls, list) else []:
        if call_id is not None and read_path(call, "id") == call_id:
            return {"id": call_id, "function": read_path(call, "function")}
    arguments = {key: value for key, value in args.items() if key not in _NO_ARGUMENTS}
    return {"id": call_id, "name": name or action, "arguments": arguments}


def _message(response: object) -> object:
    choices = read_path(response, "choices")
    return read_path(choices[0], "message") if isinstance(choices, list) and choices else None


OPENHANDS_EVENTS = Importer(
    "openhands-events", recognises_event, whole_file(OpenHands, recognises_event, "openhands")
)
OPENHANDS_OUTPUT = Importer("openhands-output", recognises_output, each_record(read_output))
