"""What an auditor is shown of a case as data, and which words of it a quote may be taken from.

Both come from here, so that a quote is checked against exactly what was shown.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, TypeAlias

from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.encoding import lay_out
from orchestrator.auditors.model.excerpt import Excerpt, clip, excerpt
from orchestrator.auditors.model.quotable import Quotable, split_data, without_echo
from orchestrator.auditors.model.shown import ShownStep, show_step
from orchestrator.auditors.model.sieve import Sieve, View
from orchestrator.auditors.model.spans import find_spans
from orchestrator.domain.action import Action
from orchestrator.domain.value import JsonObject
from orchestrator.domain.verdict import Scored

MOST_CALLS = 32
"""Calls of a turn that auditors are asked about; no opinion can be had on more."""
MOST_REFUSED = 8
RECENT = 128
"""Materials that are kept for the next auditor of the same case."""
MOST_FINDINGS = 24
LONGEST_WORDS = 6_000
_ROOM = ((2, 3_000), (8, 1_500), (MOST_CALLS, 500))
"""Up to how many calls how much of an argument is shown."""


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
        self._steps = [show_step(step, view) for step in history.steps]
        self._effects = [show_step(step, view) for step in history.effects]
        self._count_steps()
        self.calls = {label: self._show_call(label, one) for label, one in asked(case)}
        self.refused = [self._show_call("", one) for one in _refused(case)[:MOST_REFUSED]]
        self.said = self._show_words() if self._with_words else {}
        self.findings = self._show_findings()
        self.facts: dict[str, str] = {}
        """What stands beside it in a prompt, as text, by the rubric it is written for."""
        self._quotable: dict[str, Quotable] = {}

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
            data["some_of_those"] = [step.data for step in self._effects]
        data["earlier_calls"] = [step.data for step in self._steps]
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
        return self.write({})

    def write(self, extra: JsonObject) -> str:
        """Return the data, and `extra` behind it, as it is written into a prompt."""
        written = {
            "earlier_calls": [step.written for step in self._steps],
            "some_of_those": [step.written for step in self._effects],
        }
        return lay_out({**self.to_data(), **extra}, written)

    def quotable(self, action: Action) -> Quotable:
        """Return by source the pieces of text that a quote about `action` may stand in.

        Our own notes are none, nor what others claim. A result that only gives back what the agent
        itself had written in a call before is no words of a tool.
        """
        if action.id not in self._quotable:
            self._quotable[action.id] = Quotable(self._gather(action))
        return self._quotable[action.id]

    def _gather(self, action: Action) -> Mapping[str, tuple[str, ...]]:
        label = next((label for label, one in asked(self._case) if one.id == action.id), "")
        own: JsonObject = dict(self.calls.get(label, {}))
        said = self.said.get("agent_justification", [])
        mine = [one for one in said if one.get("call") == label]
        task = split_data(self.task)
        written, results = self._earlier
        return {
            "task": tuple(task),
            "user": (*task, *split_data([*self.user])),
            "arguments": (*split_data(own), *written, *split_data([*self.refused])),
            "result": results,
            "message": tuple(split_data(self.said.get("agent_said"))),
            "reasoning": tuple(split_data(self.said.get("agent_reasoning"))),
            "justification": tuple(split_data(mine)),
        }

    @functools.cached_property
    def _earlier(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return what may be quoted of the arguments and of the results of earlier calls."""
        written: list[str] = []
        results: list[str] = []
        for step in self._steps:
            written += step.arguments
            if step.result is not None:
                results += without_echo(step.result, written)
        return tuple(written), tuple(results)

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

    def _count_steps(self) -> None:
        """Count what the sieve took out of earlier calls."""
        shown: list[ShownStep] = [*self._steps, *self._effects]
        self._sieve.certain += sum(step.certain for step in shown)
        self._sieve.possible += sum(step.possible for step in shown)
        if shown:
            self._withheld["earlier calls"] = self._sieve.certain

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


_Name: TypeAlias = tuple[int, bool, View]
_recent: OrderedDict[_Name, tuple[Case, Material]] = OrderedDict()
"""By identity of the case, which is kept, so that no other can take its place."""


def read_material(case: Case, look: str, *, words: bool = True, view: View = "full") -> Material:
    """Return the material of `case`: the same for all auditors that are shown the same."""
    name = (id(case), words and look != "first", view)
    if known := _recent.get(name):
        return known[1]
    made = Material(case, look, words=words, view=view)
    _recent[name] = case, made
    while len(_recent) > RECENT:
        _recent.popitem(last=False)
    return made


def asked(case: Case) -> tuple[tuple[str, Action], ...]:
    """Return label and action of each question there is room for."""
    return case.questions[:MOST_CALLS]


def _refused(case: Case) -> list[Action]:
    return [action for action in case.turn.actions if action.id not in case.open]


def _count_cut(view: Excerpt) -> JsonObject:
    return {"characters": view.characters, "members": view.items}
