"""The turns of recorded runs that would go before a panel, as its auditors would be shown them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.trace import Trace
from orchestrator.config import Config
from orchestrator.domain.action import Action
from orchestrator.domain.run import RunFacts
from orchestrator.replay.recording import AgentTurn, Recording, ToolResult, UserWords
from orchestrator.rules.ruleset import RuleSet, load_rules


class Shown(NamedTuple):
    """A turn with its run."""

    facts: RunFacts
    case: Case


def find_rules() -> RuleSet:
    """Return the rules that ship."""
    return load_rules(Config().rules)


def panelled(run: Recording, rules: RuleSet) -> Iterator[Shown]:
    """Yield the turns of `run` in which a call changes or sends something."""
    facts = RunFacts(
        agent=run.agent, model=run.model, task=run.task, tools=run.tools, root=run.root,
        seed="00", profile="default", mode="replay",
    )  # fmt: skip
    specs = {tool.name: tool for tool in run.tools}
    trace = Trace(facts)
    state = rules.start(root=run.root, tools=run.tools, task=run.task)
    actions: dict[str, Action] = {}
    for step in run.steps:
        match step:
            case UserWords():
                trace.hear(step.text)
                rules.hear(step.text, state)
            case AgentTurn(turn=turn):
                known = [(one, rules.tools.identify(one, specs.get(one.tool)))
                         for one in turn.actions]  # fmt: skip
                hits = rules.check(turn, state)
                denied = {hit.action for hit in hits if hit.effect in ("deny", "terminate")}
                asked = tuple(one.id for one in turn.actions if one.id not in denied)
                if any(rules.tools.stakes_of(identity) != "none" for one, identity in known
                       if one.id in asked):  # fmt: skip
                    kinds = {one.tool: identity.kind for one, identity in known}
                    yield Shown(facts, Case(turn, asked, trace.look(), hits, kinds=dict(kinds)))
                actions.update((one.id, one) for one in turn.actions)
                trace.take(turn, frozenset(asked))
                rules.record(turn, frozenset(asked), state)
            case ToolResult(observation=observation):
                action = actions.get(observation.action or "")
                trace.observe(observation, action)
                rules.observe(observation, action, state)
