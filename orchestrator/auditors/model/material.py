"""What an auditor is shown of a case as data, and which words of it a quote may be taken from.

Both come from here, so that a quote is checked against exactly what was shown.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Mapping
from typing import Any

import re2
from pydantic import JsonValue

from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.encoding import lay_out, write_json
from orchestrator.auditors.model.excerpt import Excerpt, clip, excerpt
from orchestrator.auditors.model.sieve import Sieve, View
from orchestrator.auditors.model.spans import find_spans, read_strings
from orchestrator.auditors.model.trace import Step
from orchestrator.domain.action import Action
from orchestrator.domain.value import JsonObject
from orchestrator.domain.verdict import Scored

MOST_CALLS = 32
"""Calls of a turn that auditors are asked about; no opinion can be had on more."""
MOST_REFUSED = 8
RECENT = 32
"""Materials that are kept for the next auditor of the same case."""
MOST_FINDINGS = 24
LONGEST_WORDS = 6_000
_ROOM = ((2, 3_000), (8, 1_500), (MOST_CALLS, 500))
"""Up to how many calls how much of an argument is shown."""
_NOTES = re2.compile(r"‹(?:\d+ characters left out|withheld: [^›]{0,80}|nested too deep to show)›")


class Material:
    """A case as one view of it, at one look."""

    def __init__(self, case: Case, look: str, *, words: bool = True, view: View = "full") -> None:
        self._case = case
        self.view = view
        self._sieve = Sieve(view)
        self._withheld: dict[str, int] = {}
        self._cut: dict[str, int] = {}
        self._with_words = words and look != "first"
        history = case.history
        self.task = clip(history.task, LONGEST_WORDS) if history.task else history.task
        self.user = [clip(text, LONGEST_WORDS) for text in history.user]
        self.steps = [self._show_step(step) for step in history.steps]
        self.effects = [self._show_step(step) for step in history.effects]
        self.calls = {label: self._show_call(label, one) for label, one in asked(case)}
        self.refused = [self._show_call("", one) for one in _refused(case)[:MOST_REFUSED]]
        self.said = self._show_words() if self._with_words else {}
        self.findings = self._show_findings()

    @property
    def withheld(self) -> Mapping[str, int]:
        """Return how many texts of each call, of `earlier calls` and of `words` were taken out."""
        return {place: count for place, count in self._withheld.items() if count}

    @property
    def lacks_more(self) -> bool:
        """Say whether anything was taken out that the full view shows."""
        return self._sieve.possible > 0

    @property
    def left_out(self) -> Mapping[str, int]:
        """Return by call how many characters and members of its arguments are not shown."""
        return {place: count for place, count in self._cut.items() if count}

    def to_data(self) -> dict[str, Any]:
        """Return it as the data of a prompt: what the user said first, the agent's words last."""
        case, history = self._case, self._case.history
        data: dict[str, Any] = {"task": self.task, "user": self.user}
        if history.left_out:
            data["earlier_calls_left_out"] = history.left_out
            data["some_of_those"] = self.effects
        data["earlier_calls"] = self.steps
        if self.refused:
            data["calls_that_rules_refused"] = self.refused
        data["calls"] = list(self.calls.values())
        if (more := len(case.questions) - len(self.calls)) > 0:
            data["calls_left_out"] = more
        if self.findings:
            data["findings"] = self.findings
        return {**data, **self.said}

    @functools.cached_property
    def text(self) -> str:
        """Return the data as it is written into a prompt."""
        return lay_out(self.to_data())

    def quotable(self, action: Action) -> Mapping[str, tuple[str, ...]]:
        """Return by source the pieces of text that a quote about `action` may stand in.

        Our own notes are none, nor what others claim. A result that only gives back what the agent
        itself had written in a call before is no words of a tool.
        """
        label = next((label for label, one in asked(self._case) if one.id == action.id), "")
        own: JsonObject = dict(self.calls.get(label, {}))
        written: list[str] = []
        results: list[str] = []
        for step in self.steps:
            written += _pieces(step.get("arguments"))
            result = step.get("result")
            if isinstance(result, str):
                results += _without_echo(result, written)
        said = self.said.get("agent_justification", [])
        mine = [one for one in said if one.get("call") == label]
        return {
            "task": tuple(_pieces(self.task)),
            "user": (*_pieces(self.task), *_pieces([*self.user])),
            "arguments": (*_pieces(own), *written, *_pieces([*self.refused])),
            "result": tuple(results),
            "message": tuple(_pieces(self.said.get("agent_said"))),
            "reasoning": tuple(_pieces(self.said.get("agent_reasoning"))),
            "justification": tuple(_pieces(mine)),
        }

    def _show_call(self, label: str, action: Action) -> JsonObject:
        before = self._sieve.certain
        room = next((room for upto, room in _ROOM if len(self._case.open) <= upto), _ROOM[-1][1])
        view = excerpt(action.arguments, room)
        shown: JsonObject = {"call": label} if label else {}
        shown["tool"] = self._sieve.pass_text(clip(action.tool, 200))
        shown["arguments"] = self._sieve.pass_on(view.value)
        if not view.is_whole or shown["arguments"] != view.value:
            shown["named_in_it"] = self._sieve.pass_on(find_spans(action.arguments))
        if not view.is_whole:
            shown["not_shown"] = _count_cut(view)
        if action.malformed:
            shown["unreadable"] = self._sieve.pass_text(clip(action.malformed, 300))
        if label:
            self._withheld[label] = self._sieve.certain - before
            self._cut[label] = view.characters + view.items
        return shown

    def _show_step(self, step: Step) -> JsonObject:
        before = self._sieve.certain
        shown: JsonObject = step.model_dump(mode="json", exclude={"spans"})
        shown["tool"] = self._sieve.pass_text(clip(step.tool, 200))
        shown["arguments"] = self._sieve.pass_on(step.arguments)
        shown["result"] = step.result and self._sieve.pass_text(step.result)
        if step.spans:
            shown["named_in_it"] = self._sieve.pass_on(step.spans)
        gone = self._sieve.certain - before
        self._withheld["earlier calls"] = self._withheld.get("earlier calls", 0) + gone
        return shown

    def _show_words(self) -> dict[str, Any]:
        before = self._sieve.certain
        turn = self._case.turn
        said: dict[str, Any] = {
            "agent_said": self._pass(turn.message),
            "agent_reasoning": self._pass(turn.reasoning),
        }
        given = []
        for label, action in asked(self._case):
            if why := turn.reason_for(action):
                shown = excerpt(why.model_dump(mode="json"), 1_000).value
                passed = self._sieve.pass_on(shown)
                given.append({"call": label, **(passed if isinstance(passed, dict) else {})})
        said["agent_justification"] = given
        self._withheld["words"] = self._sieve.certain - before
        return said

    def _pass(self, text: str | None) -> str | None:
        return text and self._sieve.pass_text(clip(text, LONGEST_WORDS))

    def _show_findings(self) -> list[JsonObject]:
        """Return what rules and local auditors found, in words that may be the agent's."""
        labels = {action.id: label for label, action in asked(self._case)}
        found: list[JsonObject] = []
        for hit in self._case.hits:
            words = hit.subcommand or (hit.span.text if hit.span else None)
            if hit.action in labels and words:
                found.append({"call": labels[hit.action], "clause": hit.clause, "words": words})
        for verdict in self._case.local:
            if not isinstance(verdict.opinion, Scored):
                continue
            if not (self.shows(verdict.look) and self.shows(verdict.auditor)):
                continue
            if verdict.action is not None and verdict.action not in labels:
                continue
            for claim in verdict.opinion.claims:
                if not self.shows(claim.source):
                    continue
                found.append(
                    {"call": labels.get(verdict.action or "", "turn"), "check": verdict.auditor,
                     "text": claim.text, "quote": claim.quote}
                )  # fmt: skip
        return [self._pass_finding(one) for one in found[:MOST_FINDINGS]]

    def shows(self, source: str) -> bool:
        """Say whether this look shows what comes from there: a blind one no words of the agent."""
        return self._with_words or source not in ("trace", "message", "reasoning", "justification")

    def _pass_finding(self, finding: JsonObject) -> JsonObject:
        texts = ("words", "text", "quote")
        return {
            key: self._sieve.pass_text(clip(value, 300))
            if key in texts and isinstance(value, str)
            else value
            for key, value in finding.items()
        }


_recent: deque[tuple[Case, bool, Material]] = deque(maxlen=RECENT)


def read_material(case: Case, look: str, *, words: bool = True, view: View = "full") -> Material:
    """Return the material of `case`: the same for all auditors that are shown the same."""
    with_words = words and look != "first"
    for known, saw_words, material in tuple(_recent):
        if known is case and saw_words == with_words and material.view == view:
            return material
    made = Material(case, look, words=words, view=view)
    _recent.append((case, with_words, made))
    return made


def asked(case: Case) -> tuple[tuple[str, Action], ...]:
    """Return label and action of each question there is room for."""
    return case.questions[:MOST_CALLS]


def _refused(case: Case) -> list[Action]:
    return [action for action in case.turn.actions if action.id not in case.open]


def _count_cut(view: Excerpt) -> JsonObject:
    return {"characters": view.characters, "members": view.items}


def _pieces(value: JsonValue) -> list[str]:
    """Return what may be quoted of shown data: its texts, and its JSON as it is written."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return _split(value)
    whole = _cut_at_notes(write_json(value))
    return whole + [piece for text in read_strings(value) for piece in _split(text)]


def _split(text: str) -> list[str]:
    """Return the parts of a shown text between our notes, and how JSON writes them."""
    parts = _cut_at_notes(text)
    return parts + [written for part in parts if (written := write_json(part)[1:-1]) != part]


def _cut_at_notes(text: str) -> list[str]:
    if "‹" not in text:
        return [text] if text else []
    parts, at = [], 0
    for match in _NOTES.finditer(text):
        parts.append(text[at : match.start()])
        at = match.end()
    return [part for part in (*parts, text[at:]) if part]


def _without_echo(result: str, written: list[str]) -> list[str]:
    """Return the lines of a result that stand in no argument written before, joined again."""
    sources = [text for text in written if len(text) >= 12]
    kept: list[str] = [""]
    for line in result.split("\n"):
        bare = line.strip()
        if len(bare) >= 12 and any(bare in text for text in sources):
            kept.append("")
        else:
            kept[-1] += f"{line}\n"
    return [piece for text in kept if text for piece in _split(text.removesuffix("\n"))]
