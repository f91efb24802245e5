"""The compiled rules: what the guard asks about every turn and every result.

`check` leaves the state of a run as it was; `record`, `observe` and `approved` move it.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.config import Rules
from orchestrator.domain.action import Action, Observation, ToolSpec, Turn
from orchestrator.domain.run import PackRef
from orchestrator.domain.verdict import Hit
from orchestrator.rules.banks import Banks, open_banks
from orchestrator.rules.call import Call
from orchestrator.rules.constitution import Constitution, read_constitution
from orchestrator.rules.examples import check_examples
from orchestrator.rules.legibility import find_illegible
from orchestrator.rules.packs import Pack, read_packs
from orchestrator.rules.patches import CONTENT
from orchestrator.rules.policies import Policies, find_policies
from orchestrator.rules.rule import Rule, compile_rule
from orchestrator.rules.schema import RuleSpec
from orchestrator.rules.shelf import Shelf
from orchestrator.rules.state import RuleState
from orchestrator.rules.tools import Identity, ToolMap, read_tools

TOKEN_START = "‹secret:"


def load_rules(rules: Rules) -> RuleSet:
    """Read, compile and try the constitution and the packs that `rules` names.

    Whatever is not fully understood, and every example that does not come out as it says, is a
    PolicyError with file and line. The same texts give the same set, which is kept.
    """
    return _build(find_policies(rules.packs), _Parameters(rules.parameters))


def read_rules(rules: Rules) -> tuple[RuleSet, tuple[Pack, ...]]:
    """Read and compile what `rules` names, without trying its examples; the packs as they read."""
    return _read(find_policies(rules.packs), rules.parameters)


class _Parameters:
    """Values of parameters, comparable."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self._text = repr(sorted(values.items()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Parameters) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


@functools.lru_cache(maxsize=8)
def _build(policies: Policies, parameters: _Parameters) -> RuleSet:
    ruleset, packs = _read(policies, parameters.values)
    check_examples(ruleset, packs)
    return ruleset


def _read(policies: Policies, parameters: Mapping[str, Any]) -> tuple[RuleSet, tuple[Pack, ...]]:
    constitution = read_constitution(policies.constitution)
    clauses = {clause.id for clause in constitution.clauses}
    packs = read_packs(policies.packs, parameters, clauses)
    return compile_packs(constitution, read_tools(policies.tools), packs), packs


def compile_packs(constitution: Constitution, tools: ToolMap, packs: Sequence[Pack]) -> RuleSet:
    """Compile the rules of `packs`, whose examples are not run here."""
    banks = open_banks(tools.programs)
    compiled: list[Rule] = []
    for pack in packs:
        for place, spec in enumerate(pack.file.rules):
            try:
                compiled.append(compile_rule(len(compiled), spec, pack.ref.name, banks))
            except ValueError as error:
                raise pack.document.error(f"{spec.id}: {error}", ("rules", place)) from None
    banks.close()
    return RuleSet(constitution, tuple(pack.ref for pack in packs), tuple(compiled), tools, banks)


class RuleSet:
    """Immutable; one serves any number of runs at once."""

    def __init__(
        self,
        constitution: Constitution,
        packs: tuple[PackRef, ...],
        rules: tuple[Rule, ...],
        tools: ToolMap,
        banks: Banks,
    ) -> None:
        self.constitution = constitution
        self.packs = packs
        self.rules = rules
        self.tools = tools
        self.banks = banks
        self.hash = _join_hashes(constitution.ref.hash, tools.hash, *(pack.hash for pack in packs))
        calls = [rule for rule in rules if rule.spec.on == "call"]
        self._calls = Shelf(calls, lambda rule: [rule.condition])
        self._results = Shelf(
            [rule for rule in rules if rule.spec.on == "result"], lambda rule: [rule.condition]
        )
        self._limited = Shelf([r for r in calls if r.limit], lambda rule: [rule.condition])
        self._patterned = Shelf(
            [rule for rule in calls if rule.pattern],
            lambda rule: list(rule.pattern.conditions) if rule.pattern else [],
        )

    def start(
        self, *, root: str | None, tools: tuple[ToolSpec, ...] = (), task: str | None = None
    ) -> RuleState:
        """Return the state of a new run; `root` is the folder the agent works in."""
        return RuleState(self.rules, root, tools, task)

    def check(self, turn: Turn, state: RuleState) -> tuple[Hit, ...]:
        """Return the hits of a turn, judged as a whole: each call counts for the others."""
        calls = self._open(turn, state)
        state.remember(turn, calls)
        pending: dict[int, float] = {}
        hits: list[Hit] = []
        for place, call in enumerate(calls):
            hits.extend(find_illegible(call))
            for rule in self._calls.find(call):
                found = rule.condition.holds(call, state.labels)
                if found is None or not self._is_reached(rule, place, calls, state):
                    continue
                note = None
                if rule.limit is not None:
                    note = self._exceed(rule, call, state.calls + place, state, pending)
                    if note is None:
                        continue
                hits.append(rule.make_hit(call, found, note))
        return tuple(hits)

    def record(self, turn: Turn, released: frozenset[str], state: RuleState) -> None:
        """Take note of the actions that may run: limits, patterns and labels move on."""
        for call in state.recall(turn) or self._open(turn, state):
            if call.action.id not in released:
                continue
            for rule in self._patterned.find(call):
                if rule.pattern is not None:
                    starts = state.progress[rule.number]
                    rule.pattern.advance(starts, state.calls, call, state.labels)
            for rule in self._limited.find(call):
                if rule.limit and rule.condition.holds(call, state.labels) is not None:
                    state.tallies[rule.number].add(state.calls, rule.limit.measure(call))
            state.labels |= call.identity.labels
            state.calls += 1

    def observe(
        self, result: Observation, action: Action | None, state: RuleState
    ) -> tuple[Hit, ...]:
        """Check a tool result and take in its labels; a `modify` hit changes `/content`."""
        call = self._open_result(result, action, state)
        hits: list[Hit] = []
        for rule in self._results.find(call):
            found = rule.condition.holds(call, state.labels)
            if found is None:
                continue
            hit = rule.make_hit(call, found)
            hits.append(hit)
            state.labels |= frozenset(rule.spec.marks)
            for patch in hit.patches:  # what the next rule masks comes on top
                if patch.path == CONTENT:
                    changed = result.model_copy(update={"content": patch.value})
                    call = self._open_result(changed, action, state)
        state.labels |= call.identity.labels
        if TOKEN_START in result.content:
            state.labels |= {"secret"}
        return tuple(hits)

    def approved(self, action: Action, state: RuleState) -> None:
        """Take note that a human approved `action`: `unless: approval`."""
        call = self._open(Turn(index=0, actions=(action,)), state)[0]
        for rule in self._calls.find(call):
            pattern = rule.pattern
            if pattern is None or not pattern.approval_clears:
                continue
            if rule.condition.holds(call, state.labels) is not None:
                state.progress[rule.number] = pattern.start()

    def alone(self, rule: Rule) -> RuleSet:
        """Return a set of that one rule, sharing everything that is compiled."""
        return RuleSet(self.constitution, self.packs, (rule,), self.tools, self.banks)

    def recompile(self, spec: RuleSpec) -> RuleSet:
        """Return a set of that one rule, compiled anew."""
        banks = open_banks(self.tools.programs)
        rule = compile_rule(0, spec, "", banks)
        banks.close()
        return RuleSet(self.constitution, self.packs, (rule,), self.tools, banks)

    def _open(self, turn: Turn, state: RuleState) -> list[Call]:
        return [
            Call(
                action,
                self.tools,
                self.banks,
                spec=state.tools.get(action.tool),
                root=state.root,
                links=turn.links,
            )
            for action in turn.actions
        ]

    def _open_result(self, result: Observation, action: Action | None, state: RuleState) -> Call:
        """Show a result to the rules as a call whose one argument is its content."""
        tool = action.tool if action else result.tool or ""
        arguments = action.arguments if action else {}
        asked = Action(id=action.id if action else "", tool=tool, arguments=arguments)
        identity: Identity = self.tools.identify(asked, state.tools.get(tool))
        shown = asked.model_copy(update={"arguments": {CONTENT[1:]: result.content}})
        return Call(shown, self.tools, self.banks, root=state.root, result_of=identity)

    def _is_reached(self, rule: Rule, place: int, calls: Sequence[Call], state: RuleState) -> bool:
        """Say whether the steps before `rule` have happened, in the run or beside it in the turn.

        The calls of one turn may run side by side, so their order protects from nothing.
        """
        pattern = rule.pattern
        if pattern is None:
            return True
        starts = state.progress[rule.number]
        if len(calls) > 1:
            starts = list(starts)
            for _ in pattern.steps:
                for other, call in enumerate(calls):
                    if other != place:
                        pattern.advance(starts, state.calls + other, call, state.labels)
        return pattern.is_reached(starts, state.calls + place)

    @staticmethod
    def _exceed(
        rule: Rule, call: Call, number: int, state: RuleState, pending: dict[int, float]
    ) -> str | None:
        """Say by how much `call` goes beyond the limit; None if it does not."""
        limit = rule.limit
        if limit is None:
            return None
        amount = limit.measure(call)
        used = state.tallies[rule.number].used(number) + pending.get(rule.number, 0.0)
        pending[rule.number] = pending.get(rule.number, 0.0) + amount
        if used + amount <= limit.above:
            return None
        return f"{used + amount:g} in this run, the limit is {limit.above:g}"


def _join_hashes(*hashes: str) -> str:
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()
