"""Put calls before a rule set in one line."""

from __future__ import annotations

from typing import Any

from orchestrator.config import Rules
from orchestrator.domain.action import Action, ToolSpec, Turn
from orchestrator.domain.verdict import Hit
from orchestrator.rules.constitution import read_constitution
from orchestrator.rules.examples import ROOT
from orchestrator.rules.packs import read_packs
from orchestrator.rules.policies import PolicyText, find_policies
from orchestrator.rules.redaction import Redactor
from orchestrator.rules.ruleset import RuleSet, compile_packs, load_rules
from orchestrator.rules.secrets import SecretScanner
from orchestrator.rules.state import RuleState
from orchestrator.rules.tools import read_tools

REDACTOR = Redactor(SecretScanner(), b"tests")

Proposed = tuple[str, dict[str, Any]]


def shipped(**parameters: Any) -> RuleSet:
    """Return every shipped rule."""
    return load_rules(Rules(parameters=parameters))


def compile_text(text: str, **parameters: Any) -> RuleSet:
    """Compile the text of one pack, without running its examples."""
    policies = find_policies(())
    constitution = read_constitution(policies.constitution)
    clauses = {clause.id for clause in constitution.clauses}
    packs = read_packs([PolicyText("pack.yaml", text)], parameters, clauses)
    return compile_packs(constitution, read_tools(policies.tools), packs)


def make_turn(*calls: Proposed, index: int = 0, links: dict[str, str] | None = None) -> Turn:
    """Return a turn with secrets replaced."""
    actions = tuple(
        Action(id=f"{index}.{place}", tool=tool, arguments=arguments)
        for place, (tool, arguments) in enumerate(calls)
    )
    turn, _ = REDACTOR.turn(Turn(index=index, actions=actions, links=links or {}))
    return turn


def check(
    rules: RuleSet,
    *calls: Proposed,
    state: RuleState | None = None,
    links: dict[str, str] | None = None,
    tools: tuple[ToolSpec, ...] = (),
    root: str | None = ROOT,
) -> tuple[Hit, ...]:
    """Check one turn in a new run, or in the run of `state`."""
    state = state or rules.start(root=root, tools=tools)
    return rules.check(make_turn(*calls, links=links), state)


def run(rules: RuleSet, *turns: Proposed | tuple[Proposed, ...]) -> tuple[Hit, ...]:
    """Check turns one after the other, all released; return the hits of the last."""
    state = rules.start(root=ROOT)
    hits: tuple[Hit, ...] = ()
    for index, turn in enumerate(turns):
        calls = (turn,) if isinstance(turn[0], str) else turn
        made = make_turn(*calls, index=index)
        hits = rules.check(made, state)
        rules.record(made, frozenset(action.id for action in made.actions), state)
    return hits


def shell(command: str) -> Proposed:
    """Return a shell call."""
    return "bash", {"command": command}


def names(hits: tuple[Hit, ...]) -> set[str]:
    """Return the ids of the rules that fired."""
    return {hit.rule for hit in hits}
