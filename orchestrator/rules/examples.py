"""Run the examples of rules: what a rule says it stops it must stop, and let pass what it says.

An example is the main argument of a tool as text, `tool: {arguments}`, or a list of such steps, in
which `result: text` is what the tool gave back, `approved: true` a human's answer, and a list
inside the list a turn with several calls. Beside the tool may stand `times` and `links`, which says
where symbolic links lead. The last step is the one that is judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from orchestrator.domain.action import Action, Observation, Turn
from orchestrator.domain.verdict import Hit
from orchestrator.errors import PolicyError
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


class Step(NamedTuple):
    """One step of an example: a turn, a result, or a human's answer."""

    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    links: Mapping[str, str] = MappingProxyType({})
    times: int = 1
    result: str | None = None
    approved: bool = False


class Trial(NamedTuple):
    """What came of one example."""

    rule: str
    wanted: Literal["match", "pass"]
    fired: Hit | None
    """The hit of the rule, if it made one."""
    document: Document
    place: Place

    @property
    def holds(self) -> bool:
        """Say whether it came out as the rule file says."""
        return (self.fired is not None) == (self.wanted == "match")

    def fault(self) -> PolicyError:
        """Return the error for an example that does not hold."""
        says = "is not stopped" if self.wanted == "match" else "is stopped"
        why = f" ({self.fired.detail or self.fired.reason})" if self.fired else ""
        return self.document.error(
            f"{self.rule}: the example under `{self.wanted}` {says} by the rule{why}", self.place
        )


def check_examples(ruleset: RuleSet, packs: Sequence[Pack]) -> None:
    """Run the examples of each pack that has not passed them before.

    Raises PolicyError, with file and line, for the first that comes out wrong.
    """
    for pack, rules in _divide(ruleset, packs):
        key = tried_key([pack.ref.hash, ruleset.constitution.ref.hash, ruleset.tools.hash])
        if not was_tried(key):
            _check_pack(ruleset, pack, rules)
            note_tried(key)


def try_examples(ruleset: RuleSet, packs: Sequence[Pack]) -> Iterator[Trial]:
    """Run every example, each rule on its own; PolicyError for one that cannot be read."""
    for pack, rules in _divide(ruleset, packs):
        yield from _try_pack(ruleset, pack, rules)


def _divide(ruleset: RuleSet, packs: Sequence[Pack]) -> Iterator[tuple[Pack, Sequence[Rule]]]:
    """Yield each pack with its rules as they are compiled."""
    number = 0
    for pack in packs:
        rules = ruleset.rules[number : number + len(pack.file.rules)]
        number += len(rules)
        yield pack, rules


def _check_pack(ruleset: RuleSet, pack: Pack, rules: Sequence[Rule]) -> None:
    for trial in _try_pack(ruleset, pack, rules):
        if not trial.holds:
            raise trial.fault()


def _try_pack(ruleset: RuleSet, pack: Pack, rules: Sequence[Rule]) -> Iterator[Trial]:
    for place, (rule, spec) in enumerate(zip(rules, pack.file.rules, strict=True)):
        tried = pack.defaults.rules[place]
        alone = ruleset.alone(rule) if tried == spec else ruleset.recompile(tried)
        yield from _try_rule(alone, tried, pack.document, ("rules", place, "examples"))


def run_example(ruleset: RuleSet, steps: Sequence[Step], on: str) -> tuple[Hit, ...]:
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
    ruleset: RuleSet, step: Step, index: int, state: RuleState
) -> tuple[Action, tuple[Hit, ...]]:
    actions = tuple(
        Action(id=f"{index}.{place}", tool=tool, arguments=arguments)
        for place, (tool, arguments) in enumerate(step.calls)
    )
    turn, _ = _REDACTOR.turn(Turn(index=index, actions=actions, links=dict(step.links)))
    hits = ruleset.check(turn, state)
    ruleset.record(turn, frozenset(action.id for action in turn.actions), state)
    return turn.actions[-1], hits


def _try_rule(alone: RuleSet, spec: RuleSpec, document: Document, place: Place) -> Iterator[Trial]:
    groups: tuple[tuple[Literal["match", "pass"], tuple[Any, ...]], ...] = (
        ("match", spec.examples.match),
        ("pass", spec.examples.pass_),
    )
    for wanted, examples in groups:
        for number, example in enumerate(examples):
            here: Place = (*place, wanted, number)
            steps = read_example(example, spec, document, here)
            hits = run_example(alone, steps, spec.on)
            fired = next((hit for hit in hits if hit.rule == spec.id), None)
            yield Trial(spec.id, wanted, fired, document, here)


def read_example(
    example: Any, spec: RuleSpec, document: Document, place: Place
) -> tuple[Step, ...]:
    """Read an example as written in a rule file."""
    if isinstance(example, list):
        return tuple(
            _read_step(step, spec, document, (*place, n)) for n, step in enumerate(example)
        )
    return (_read_step(example, spec, document, place),)


def _read_step(step: Any, spec: RuleSpec, document: Document, place: Place) -> Step:
    if isinstance(step, str) and spec.on == "result":
        return Step(result=step)
    if isinstance(step, list):
        calls = [_read_step(one, spec, document, (*place, n)) for n, one in enumerate(step)]
        return Step(calls=tuple(call for one in calls for call in one.calls))
    if isinstance(step, str):
        tools = (spec.then or spec).tools
        kind = tools[0] if tools else "any"
        if kind not in _MAIN:
            raise document.error("write the example as `tool: {arguments}`", place)
        tool, argument = _MAIN[kind]
        return Step(calls=((tool, {argument: step}),))
    if not isinstance(step, dict):
        raise document.error("an example is text, `tool: {arguments}`, or a list of them", place)
    links, times = step.get("links", {}), step.get("times", 1)
    rest = {key: value for key, value in step.items() if key not in ("links", "times")}
    if "result" in rest:
        return Step(result=str(rest["result"]))
    if "approved" in rest:
        return Step(approved=True)
    if len(rest) != 1 or not isinstance(arguments := next(iter(rest.values())), dict):
        raise document.error("an example names one tool with a map of arguments", place)
    return Step(calls=((next(iter(rest)), arguments),), links=links, times=times)
