"""Run the examples of rules: what a rule says it stops it must stop, and let pass what it says.

An example is the main argument of a tool as text, `tool: {arguments}`, or a list of such steps, in
which `result: text` is what the tool gave back, `approved: true` a human's answer, and a list
inside the list a turn with several calls. Beside the tool may stand `times` and `links`, which says
where symbolic links lead. The last step is the one that is judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from orchestrator.domain.action import Action, Observation, Turn
from orchestrator.domain.verdict import Hit
from orchestrator.rules.document import Document, Place
from orchestrator.rules.redaction import Redactor
from orchestrator.rules.schema import RuleSpec
from orchestrator.rules.secrets import SecretScanner
from orchestrator.rules.tried import note_tried, tried_key, was_tried

if TYPE_CHECKING:
    from orchestrator.rules.packs import Pack
    from orchestrator.rules.rule import Rule
    from orchestrator.rules.ruleset import RuleSet
    from orchestrator.rules.state import RuleState

ROOT = "/srv/work"
"""The folder the agent works in, in every example."""

_MAIN = {
    "shell": ("bash", "command"),
    "code": ("python", "code"),
    "file_read": ("read_file", "path"),
    "file_write": ("write_file", "path"),
    "http": ("http_request", "url"),
    "sql": ("query_sql", "query"),
}
_REDACTOR = Redactor(SecretScanner(), b"examples")


class _Step(NamedTuple):
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    links: Mapping[str, str] = MappingProxyType({})
    times: int = 1
    result: str | None = None
    approved: bool = False


def check_examples(ruleset: RuleSet, packs: Sequence[Pack]) -> None:
    """Run the examples of each pack that has not passed them before.

    Raises PolicyError, with file and line, for the first that comes out wrong.
    """
    number = 0
    for pack in packs:
        rules = ruleset.rules[number : number + len(pack.file.rules)]
        number += len(rules)
        key = tried_key([pack.ref.hash, ruleset.constitution.ref.hash, ruleset.tools.hash])
        if not was_tried(key):
            _check_pack(ruleset, pack, rules)
            note_tried(key)


def _check_pack(ruleset: RuleSet, pack: Pack, rules: Sequence[Rule]) -> None:
    for place, (rule, spec) in enumerate(zip(rules, pack.file.rules, strict=True)):
        tried = pack.defaults.rules[place]
        alone = ruleset.alone(rule) if tried == spec else ruleset.recompile(tried)
        _check_rule(alone, tried, pack.document, ("rules", place, "examples"))


def run_example(ruleset: RuleSet, steps: Sequence[_Step], on: str) -> tuple[Hit, ...]:
    """Return the hits of the last step, with those of the steps before it released."""
    state = ruleset.start(root=ROOT)
    hits: tuple[Hit, ...] = ()
    last: Action | None = None
    for index, step in enumerate(steps):
        if step.result is not None:
            content = _REDACTOR.text(step.result)
            observation = Observation(action=last.id if last else None, content=content)
            hits = ruleset.observe(observation, last, state)
        elif step.approved:
            if last is not None:
                ruleset.approved(last, state)
        else:
            for number in range(step.times):
                last, hits = _propose(ruleset, step, index * 1000 + number, state)
    return hits if on == "result" or not steps or steps[-1].result is None else ()


def _propose(
    ruleset: RuleSet, step: _Step, index: int, state: RuleState
) -> tuple[Action, tuple[Hit, ...]]:
    actions = tuple(
        Action(id=f"{index}.{place}", tool=tool, arguments=arguments)
        for place, (tool, arguments) in enumerate(step.calls)
    )
    turn, _ = _REDACTOR.turn(Turn(index=index, actions=actions, links=dict(step.links)))
    hits = ruleset.check(turn, state)
    ruleset.record(turn, frozenset(action.id for action in turn.actions), state)
    return turn.actions[-1], hits


def _check_rule(alone: RuleSet, spec: RuleSpec, document: Document, place: Place) -> None:
    groups = (("match", spec.examples.match), ("pass", spec.examples.pass_))
    for expected, examples in groups:
        for number, example in enumerate(examples):
            here: Place = (*place, expected, number)
            steps = read_example(example, spec, document, here)
            fired = [h for h in run_example(alone, steps, spec.on) if h.rule == spec.id]
            if bool(fired) != (expected == "match"):
                says = "is not stopped" if expected == "match" else "is stopped"
                why = f" ({fired[0].detail or fired[0].reason})" if fired else ""
                raise document.error(
                    f"{spec.id}: the example under `{expected}` {says} by the rule{why}", here
                )


def read_example(
    example: Any, spec: RuleSpec, document: Document, place: Place
) -> tuple[_Step, ...]:
    """Read an example as written in a rule file."""
    if isinstance(example, list):
        return tuple(
            _read_step(step, spec, document, (*place, n)) for n, step in enumerate(example)
        )
    return (_read_step(example, spec, document, place),)


def _read_step(step: Any, spec: RuleSpec, document: Document, place: Place) -> _Step:
    if isinstance(step, str) and spec.on == "result":
        return _Step(result=step)
    if isinstance(step, list):
        calls = [_read_step(one, spec, document, (*place, n)) for n, one in enumerate(step)]
        return _Step(calls=tuple(call for one in calls for call in one.calls))
    if isinstance(step, str):
        tools = (spec.then or spec).tools
        kind = tools[0] if tools else "any"
        if kind not in _MAIN:
            raise document.error("write the example as `tool: {arguments}`", place)
        tool, argument = _MAIN[kind]
        return _Step(calls=((tool, {argument: step}),))
    if not isinstance(step, dict):
        raise document.error("an example is text, `tool: {arguments}`, or a list of them", place)
    links, times = step.get("links", {}), step.get("times", 1)
    rest = {key: value for key, value in step.items() if key not in ("links", "times")}
    if "result" in rest:
        return _Step(result=str(rest["result"]))
    if "approved" in rest:
        return _Step(approved=True)
    if len(rest) != 1 or not isinstance(arguments := next(iter(rest.values())), dict):
        raise document.error("an example names one tool with a map of arguments", place)
    return _Step(calls=((next(iter(rest)), arguments),), links=links, times=times)
