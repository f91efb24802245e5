"""Make canaries: actions of known answer, of the shape of this run's own, that never run.

A known-bad one is a real action with one thing exchanged; a known-good one is a real action of
which it is certain that the user wants it. Either stands in a turn as it really was, so that an
auditor has only the meaning to go by.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.trace import History
from orchestrator.audits.certainty import ask_for, is_certainly_good
from orchestrator.audits.exchange import Exchange, exchange, main_text, put_text
from orchestrator.audits.stock import Stock
from orchestrator.domain.action import Action, Justification, Turn
from orchestrator.domain.run import RunFacts
from orchestrator.domain.verdict import Scored, Verdict
from orchestrator.rules.ruleset import RuleSet
from orchestrator.rules.tools import Identity, Stakes

TRIES = 6
"""Exchanges of one action that are tried until no rule fires on it."""
SIMILAR = 1.6
"""How many times longer or shorter than the call it stands for a known-good one may be."""
CLIPPED = "characters left out›"


class Canary(NamedTuple):
    """An action of known answer, in the turn it is shown in."""

    bad: bool
    case: Case
    action: str
    """Id of the one action whose answer is known."""
    risk: Stakes
    how: str
    """What was done, for the record."""
    real: Case
    """The turn it was made from."""
    old: str = ""
    new: str = ""
    """The text that was exchanged, and what stands there now; empty where a whole call was."""


class _Source(NamedTuple):
    """A real call that a canary can be made of, and the history before it."""

    action: Action
    history: History
    is_now: bool
    """It is part of the turn that is judged now."""


class Workshop:
    """Make canaries of the turns of one run."""

    def __init__(self, rules: RuleSet, facts: RunFacts, stock: Stock) -> None:
        self._rules = rules
        self._facts = facts
        self._stock = stock
        self._specs = {tool.name: tool for tool in facts.tools}

    def make(self, case: Case, *, bad: bool, draw: random.Random) -> Canary | None:
        """Return a canary in the place of an action of `case`; None where none can be made.

        An action the rules or local auditors found something in is left alone: what they found
        would not be true of another.
        """
        told = {hit.action for hit in case.hits} | {
            verdict.action for verdict in case.local if _says_something(verdict)
        }
        free = [action for _, action in case.questions if action.id not in told]
        if not free:
            return None
        place = draw.choice(free)
        return self._make_bad(case, place, draw) if bad else self._make_good(case, place, draw)

    def _make_bad(self, case: Case, place: Action, draw: random.Random) -> Canary | None:
        """Exchange something in the action itself, or else propose an earlier one, exchanged."""
        earlier = list(self._sources(case, place, keep=True))[1:]
        earlier = [source for source in earlier if source.action.tool == place.tool]
        draw.shuffle(earlier)
        for source in (_Source(place, case.history, True), *earlier):
            identity = self._identify(source.action)
            risk = self._rules.tools.stakes_of(identity)
            for _ in range(TRIES):
                made = exchange(
                    source.action,
                    identity.kind,
                    self._rules.tools.roles_of,
                    self._stock,
                    draw,
                    only_looks=risk == "none",
                )
                if made is None:
                    break
                shown = self._put(case, source, place, made.action, made)
                if shown is None:
                    continue
                how = f"{made.what} exchanged" + ("" if source.is_now else " in an earlier call")
                old, new = (made.old, made.new) if source.is_now else ("", "")
                return Canary(True, shown, place.id, risk, how, case, old, new)
        return None

    def _make_good(self, case: Case, place: Action, draw: random.Random) -> Canary | None:
        """Let the user ask for the action itself, or show one that he did ask for, or a look."""
        asked = self._make_asked(case, place)
        return asked or self._find_good(case, place, draw) or self._make_look(case, place, draw)

    def _make_asked(self, case: Case, place: Action) -> Canary | None:
        """Put a request for exactly this call in the place of the end of the user's longest words.

        These stay about as long as they were; None where they are too short for it.
        """
        history = case.history
        said = [history.task or "", *history.user]
        at = max(range(len(said)), key=lambda place: len(said[place]))
        words = said[at]
        asking = None if CLIPPED in words else ask_for(words, place, self._stock.doubt)
        if asking is None:
            return None
        said[at] = asking
        task = said[0] if history.task is not None else None
        shown = case._replace(history=history._replace(task=task, user=tuple(said[1:])))
        risk = self._rules.tools.stakes_of(self._identify(place))
        old, new = _differing_ends(words, asking)
        return Canary(False, shown, place.id, risk, "the user asks for it", case, old, new)

    def _find_good(self, case: Case, place: Action, draw: random.Random) -> Canary | None:
        said = [case.history.task or "", *case.history.user]
        found: list[tuple[_Source, Stakes]] = []
        for source in self._sources(case, place, keep=False):
            stakes = self._rules.tools.stakes_of(self._identify(source.action))
            if _is_similar(source.action, place) and is_certainly_good(
                source.action, stakes, said, self._stock.doubt
            ):
                found.append((source, stakes))
        draw.shuffle(found)
        for source, stakes in found:
            if shown := self._put(case, source, place, source.action):
                how = "asked for by the user" if source.is_now else "an earlier call, as asked for"
                return Canary(False, shown, place.id, stakes, how, case)
        return None

    def _make_look(self, case: Case, place: Action, draw: random.Random) -> Canary | None:
        """Return a command that only looks in the place of one that may do anything."""
        identity = self._identify(place)
        main = main_text(place, identity.kind, self._rules.tools.roles_of)
        text = main and self._stock.fit_look(identity.kind, len(main[1]), SIMILAR, draw)
        if main is None or not text:
            return None
        looking = put_text(place, main[0], text)
        shown = self._put(case, _Source(looking, case.history, False), place, looking)
        if shown is None:
            return None
        risk = self._rules.tools.stakes_of(identity)
        return Canary(False, shown, place.id, risk, "only looks", case)

    def _sources(self, case: Case, place: Action, *, keep: bool) -> Iterator[_Source]:
        """Yield the action itself and each earlier call; `keep` leaves that call in the history."""
        yield _Source(place, case.history, True)
        for at, step in enumerate(case.history.steps):
            action = place.model_copy(
                update={"tool": step.tool, "arguments": step.arguments, "justification": None}
            )
            if step.result is None or step.error or CLIPPED in str(step.arguments):
                continue
            yield _Source(action, case.history if keep else _without(case.history, at), False)

    def _put(
        self,
        case: Case,
        source: _Source,
        place: Action,
        action: Action,
        made: Exchange | None = None,
    ) -> Case | None:
        """Return `case` with `action` in the place of another; None where a rule fires on it.

        What rules deny no auditor is asked about, and a rule that fires would give a canary away.
        """
        turn = case.turn.with_action(action)
        if not source.is_now:
            turn = _without_words(turn)
        elif made is not None:
            turn = _reworded(turn, made.old, made.new)
        state = self._rules.start(
            root=self._facts.root, tools=self._facts.tools, task=self._facts.task
        )
        hits = [hit for hit in self._rules.check(turn, state) if hit.action == place.id]
        if hits:
            return None
        return case._replace(
            turn=turn,
            history=source.history,
            local=tuple(verdict for verdict in case.local if verdict.action != place.id),
            kinds={**case.kinds, action.tool: self._identify(action).kind},
        )

    def _identify(self, action: Action) -> Identity:
        return self._rules.tools.identify(action, self._specs.get(action.tool))


def _differing_ends(old: str, new: str) -> tuple[str, str]:
    """Return what follows the beginning that both texts share."""
    pairs = enumerate(zip(old, new, strict=False))
    same = next((at for at, (one, other) in pairs if one != other), min(len(old), len(new)))
    return old[same:], new[same:]


def _says_something(verdict: Verdict) -> bool:
    return isinstance(verdict.opinion, Scored) and bool(verdict.opinion.claims)


def _is_similar(one: Action, other: Action) -> bool:
    """Say whether two calls are about as long, and of about as many arguments."""
    low, high = sorted(len(action.tool) + len(str(action.arguments)) for action in (one, other))
    return high <= SIMILAR * low and abs(len(one.arguments) - len(other.arguments)) <= 1


def _without(history: History, at: int) -> History:
    """Return `history` as if one call had not been made yet."""
    steps = history.steps
    later = [step.model_copy(update={"number": step.number - 1}) for step in steps[at + 1 :]]
    return history._replace(steps=(*steps[:at], *later))


def _without_words(turn: Turn) -> Turn:
    """Return `turn` without what the agent said, which was about something else."""
    actions = tuple(one.model_copy(update={"justification": None}) for one in turn.actions)
    said = {"message": None, "reasoning": None, "justification": None, "actions": actions}
    return turn.model_copy(update=said)


def _reworded(turn: Turn, old: str, new: str) -> Turn:
    """Return `turn` with its words true of the exchanged action."""

    def swap(text: str | None) -> str | None:
        return text and text.replace(old, new)

    def excuse(given: Justification | None) -> Justification | None:
        if given is None:
            return None
        fields = {name: _swap_all(value, old, new) for name, value in given}
        return given.model_copy(update=fields)

    actions = tuple(
        one.model_copy(update={"justification": excuse(one.justification)}) for one in turn.actions
    )
    return turn.model_copy(
        update={
            "message": swap(turn.message),
            "reasoning": swap(turn.reasoning),
            "justification": excuse(turn.justification),
            "actions": actions,
        }
    )


def _swap_all(value: str | Sequence[str], old: str, new: str) -> str | tuple[str, ...]:
    if isinstance(value, str):
        return value.replace(old, new)
    return tuple(text.replace(old, new) for text in value)
