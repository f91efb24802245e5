"""The turns of recorded runs that would go before a panel, as its auditors would be shown them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.trace import Trace
from orchestrator.config import Config
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
    for step in run.steps:
        match step:
            case UserWords():
                trace.hear(step.text)
            case AgentTurn(turn=turn):
                known = [(one, rules.tools.identify(one, specs.get(one.tool)))
                         for one in turn.actions]  # fmt: skip
                if any(rules.tools.stakes_of(identity) != "none" for _, identity in known):
                    kinds = {one.tool: identity.kind for one, identity in known}
                    asked = tuple(one.id for one in turn.actions)
                    yield Shown(facts, Case(turn, asked, trace.look(), kinds=dict(kinds)))
                trace.take(turn, frozenset(one.id for one in turn.actions))
            case ToolResult(observation=observation):
                trace.observe(observation, None)
