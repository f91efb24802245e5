# Above 300 lines: one judgement, whose parts read the same case and index.
"""How suspicious an action is, from where its values come from and what results demanded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from orchestrator.auditors.provenance.atoms import AtomValue, tells
from orchestrator.auditors.provenance.findings import SHOWN, Finding, ask_claim, quote, quote_text
from orchestrator.auditors.provenance.index import Held, Index, Source
from orchestrator.auditors.provenance.instructions import Block, logistic
from orchestrator.auditors.provenance.policy import Policy
from orchestrator.auditors.provenance.purpose import Asked, Purpose, Purposes, spells
from orchestrator.domain.verdict import Claim

_NEAR = 300
_STEM = 6
_ON_THE_WAY = 0.5
"""What reading counts that an agent may come to by itself: its value stands elsewhere, too."""


class Case(NamedTuple):
    """An action about to be scored."""

    purpose: Purpose
    values: Sequence[AtomValue]
    """Those that the user did not say."""
    departs: bool
    """Nothing the user said asks for such an act."""
    is_anchored: bool
    """One of its values was said by the user."""
    on_named_target: bool
    """Whom or what it hits was named by the user."""
    order: int
    """How many actions were judged before."""
    used_before: int | None
    """Number of the action that first used this tool; None when none did."""
    repeats: bool
    """The very same was read before."""
    is_again: bool
    """The same tool was used before on what the user named, now on something else."""
    again: bool
    """An act of this tool that the user asked for was already proposed, on something else."""


class Scorer:
    """Score the actions of one run."""

    def __init__(self, policy: Policy, purposes: Purposes, index: Index) -> None:
        self._scores = policy.provenance.scores
        self._discounts = policy.provenance.discounts
        self._additions = policy.provenance.additions
        self._purposes = purposes
        self._index = index

    def find(self, case: Case, asked: Asked) -> list[Finding]:
        """Return what speaks against an action."""
        sites = {value.text: self._index.find(value.text) for value in case.values}
        linked = {
            name: self._stands_beside(name, source) or self._is_vouched(case, name, source)
            for name, source in sites.items()
            if source is not None
        }
        shared: dict[Held, list[AtomValue]] = {}
        for value in case.values:
            if tells(value):
                for held in self._index.holding(value.text):
                    if not self._index.was_used(value.text, held.order):
                        shared.setdefault(held, []).append(value)
        looked_at = self._index.demanding() if case.departs or case.repeats else shared
        found: list[Finding] = []
        for held in looked_at:
            values = shared.get(held, ()) if shared else ()
            if values or ((held.block.cues or held.contacts) and _may_demand(case, held)):
                finding = self._compare(case, asked, held, values, linked)
                if finding is not None:
                    found.append(finding)
        found += self._trace(case, asked, sites, linked)
        return found

    def _is_vouched(self, case: Case, value: str, source: Source) -> bool:
        """Say whether it is enough that the user named the result `value` came from."""
        return (
            case.purpose.acts
            and source.is_named
            and not case.departs
            and not self._index.has_rival(value, source)
        )

    def _stands_beside(self, value: str, source: Source) -> bool:
        """Say whether the user named what `value` stands beside; a demand must name it itself."""
        if self._index.is_on_named_host(value):
            return True
        demands = [held.block.text for held in self._index.holding(value)]
        if demands:
            return any(map(self._index.names_in, demands))
        return self._index.is_linked(value, source)

    def _compare(
        self,
        case: Case,
        asked: Asked,
        held: Held,
        shared: Sequence[AtomValue],
        linked: dict[str, bool],
    ) -> Finding | None:
        """Say how far an action carries out one instruction."""
        block = held.block
        value = self._choose(shared, held, linked)
        base, why = 0.0, ""
        refers = (asked.refers or asked.many) and not case.departs
        odds = block.odds - (self._discounts.delegated if refers else 0.0)
        if value is not None:
            base = self._carried(case)
            why = f"{value.written[:80]!r} was taken from an instruction in a tool result"
            if self._stands_elsewhere(value.text, held):
                if not (case.departs and self._is_demanded(case, block)):
                    odds -= self._discounts.also_plain
                if linked.get(value.text) and not case.departs:
                    odds -= self._discounts.asked_and_linked
                if not case.departs and not (case.purpose.acts or case.purpose.is_instrument):
                    base *= _ON_THE_WAY
            elif not refers and self._exceeds(case, asked, value, block):
                odds += self._additions.fresh_value + self._additions.same_act
            elif self._is_fresh(case, value, linked, held) and not refers:
                odds += self._additions.fresh_value
                if self._is_demanded(case, block):
                    odds += self._additions.same_act
        demanded = self._demanded(case, held)
        if demanded > base:
            base, why = demanded, "a tool result demanded this act and the user did not"
            odds += self._added_without_value(case, block) if value is None else 0.0
        if base == 0.0:
            return None
        claim = Claim(
            text=why, quote=block.quote[:SHOWN], source=f"result of {held.source}", verified=True
        )
        return Finding(base * logistic(odds), claim)

    def _choose(
        self, shared: Sequence[AtomValue], held: Held, linked: dict[str, bool]
    ) -> AtomValue | None:
        """Return the value that speaks loudest of those an action shares with an instruction."""
        if len(shared) < 2:
            return shared[0] if shared else None
        return min(
            shared,
            key=lambda v: (
                linked.get(v.text, False),
                v.text in linked and self._stands_elsewhere(v.text, held),
                not v.is_atom,
                not v.is_critical,
            ),
        )

    def _added_without_value(self, case: Case, block: Block) -> float:
        """Return how much more a block counts for a demanded act that takes nothing from it."""
        is_same = spells(case.purpose, block.text) or not case.purpose.acts
        return self._additions.fresh_value + (self._additions.same_act if is_same else 0.0)

    def _exceeds(self, case: Case, asked: Asked, value: AtomValue, block: Block) -> bool:
        """Say whether an act beyond what was asked follows the very verb of an instruction."""
        purpose = case.purpose
        verb = purpose.words[0][:_STEM] if purpose.words else ""
        if len(verb) < 3 or not value.is_critical or purpose.runs_code:
            return False
        if purpose.is_instrument and "://" not in value.text:
            return False
        specific = self._purposes.specific(purpose.intents)
        in_block = f" {verb}" in f" {block.text}"
        if self._index.was_said(verb) or (specific and not in_block):
            return False
        if specific and specific <= asked.intents and self._purposes.demands(purpose.words[0]):
            return False  # a verb that says nothing by itself leaves it to a noun, which is vague
        source = self._index.find(value.text)
        return source is None or not self._stands_beside(value.text, source)

    def _is_fresh(self, case: Case, value: AtomValue, linked: dict[str, bool], held: Held) -> bool:
        """Say whether an act is decided by a value that nothing but the instruction brought in."""
        if "://" in value.text and case.purpose.is_instrument:
            return case.purpose.runs_code or not linked.get(value.text)
        if case.purpose.runs_code:
            return False
        if not case.purpose.acts and not (
            case.is_again or held.block.cues or self._has_contact(held, value.text)
        ):
            return False
        decides = value.is_critical and (value.is_atom or " " in value.text)
        return decides and not linked.get(value.text)

    def _stands_elsewhere(self, value: str, held: Held) -> bool:
        """Say whether a result holds `value` outside of this instruction."""
        source = self._index.find(value)
        if source is None:
            return False
        if source.action != held.source:
            return True
        inside = 0 if held.block.odds >= 0.0 else held.block.text.count(value)  # a sure one is cut
        return source.text.count(value) > inside

    def _is_led(self, case: Case, held: Held) -> bool:
        """Say whether an action follows from what stands elsewhere in results."""
        return any(
            self._index.find(value.text) is not None and value.text not in held.block.text
            for value in case.values
        )

    def _has_contact(self, held: Held, but: str = "") -> bool:
        """Say whether a block names somebody, somewhere or something the user did not."""
        return any(
            (not but or but not in token) and not self._index.was_said(token)
            for token in held.contacts
        )

    def _carried(self, case: Case) -> float:
        acts = case.purpose.acts or case.purpose.is_instrument
        return self._scores.carried_out if acts else self._scores.carried_out_reading

    def _is_demanded(self, case: Case, block: Block) -> bool:
        """Say whether a block asks for such an act, or for such reading."""
        purpose = case.purpose
        if not purpose.acts and not purpose.is_instrument:
            return purpose.name in block.text or self._purposes.demands_reading(block.text)
        verb = purpose.words[0][:_STEM] if purpose.words else ""
        return (
            purpose.name in block.text
            or (len(verb) > 2 and f" {verb}" in f" {block.text}")
            or not purpose.intents.isdisjoint(self._purposes.demands(block.text))
            or (len(purpose.words) > 1 and all(word in block.text for word in purpose.words))
        )

    def _demanded(self, case: Case, held: Held) -> float:
        """Say how much it means that the block asks for this very tool or kind of act."""
        if not _may_demand(case, held):
            return 0.0
        purpose, text = case.purpose, held.block.text
        if case.repeats:
            return self._scores.repeated_reading if self._has_contact(held) else 0.0
        is_named = len(purpose.name) >= 6 and purpose.name in text
        is_spelt = len(purpose.words) > 1 and all(word in text for word in purpose.words)
        lured = self._has_contact(held)
        is_next = held.order == case.order
        if not purpose.acts:
            if is_named or is_spelt:
                return self._scores.named_reading
            if not lured or case.is_anchored:
                return 0.0
            if any(topic in text for topic in purpose.topics):
                return self._scores.fitting_reading
            return self._scores.stray_reading if is_next and not self._is_led(case, held) else 0.0
        if case.on_named_target:
            return self._scores.on_named_target
        if is_named:
            return self._scores.named_tool
        demanded = not purpose.intents.isdisjoint(self._purposes.demands(text))
        if is_spelt or demanded:
            return self._scores.demanded_act
        strays = is_next and lured and not case.is_anchored and not self._is_led(case, held)
        return self._scores.stray_act if strays else 0.0

    def _trace(
        self,
        case: Case,
        asked: Asked,
        sites: dict[str, Source | None],
        linked: dict[str, bool],
    ) -> Iterator[Finding]:
        """Judge an act by where its values come from, whatever the results said."""
        scores, purpose = self._scores, case.purpose
        yield from self._spelt_out(case, sites)
        if purpose.runs_code and not asked.refers:
            for value in case.values:
                source = sites[value.text]
                if "://" in value.text and source and not self._stands_beside(value.text, source):
                    yield self._origin(scores.foreign_contact, value, sites)
        if not purpose.acts or purpose.is_instrument:
            return
        decisive = [v for v in case.values if v.is_critical]
        foreign = [v for v in decisive if sites[v.text] or self._index.holding(v.text)]
        atoms = [v for v in foreign if v.is_atom]
        if case.departs:
            if atoms:
                yield self._origin(scores.beside_task_from_result, atoms[0], sites)
            elif foreign:
                yield self._origin(scores.beside_task_words_from_result, foreign[0], sites)
            else:
                yield Finding(scores.beside_task, ask_claim(purpose))
            return
        for value in atoms:
            is_linked = linked.get(value.text, False)
            yield self._origin(scores.linked if is_linked else scores.unlinked, value, sites)
            source = sites[value.text]
            by_word = source is not None and self._stands_beside(value.text, source)
            strays = not by_word or self._index.said_rival(value.text)
            if case.again and not asked.many and not asked.delegated and strays:
                yield self._origin(scores.second_of_kind, value, sites)

    def _spelt_out(self, case: Case, sites: dict[str, Source | None]) -> Iterator[Finding]:
        """Find a result that names this tool, by itself or with a value to call it with."""
        name = case.purpose.name
        if not case.purpose.is_telling or self._index.was_said(name):
            return
        for value in case.values:
            source = sites[value.text]
            if source is None or not value.is_atom or self._index.was_used(value.text, case.order):
                continue
            if not case.departs and self._stands_beside(value.text, source):
                continue
            at = source.text.find(value.text)
            if at >= 0 and name in source.text[max(0, at - _NEAR) : at + _NEAR]:
                yield self._origin(
                    self._scores.spelt_out, value, sites, "in a call spelt out there"
                )
        if not case.departs or case.used_before is not None:
            return
        source = self._index.find(name)
        held = next(iter(self._index.holding(name)), None)
        words = held.block.quote[:SHOWN] if held else quote_text(name, name, source)
        if words:
            yield Finding(
                self._scores.named_in_result,
                Claim(
                    text=f"{name!r} is named in a tool result and nothing the user said needs it",
                    quote=words,
                    source=f"result of {held.source if held else source and source.action}",
                    verified=True,
                ),
            )

    def _origin(
        self,
        suspicion: float,
        value: AtomValue,
        sites: dict[str, Source | None],
        where: str = "only in a tool result",
    ) -> Finding:
        source = sites[value.text]
        text = f"{value.written[:80]!r} stands in no words of the user, {where}"
        words = quote(value, source)
        if source is None or not words:
            return Finding(
                suspicion,
                Claim(text=text, quote=value.written[:SHOWN], source="arguments", verified=True),
            )
        claim = Claim(text=text, quote=words, source=f"result of {source.action}", verified=True)
        return Finding(suspicion, claim)


def _may_demand(case: Case, held: Held) -> bool:
    """Say whether it can matter that an instruction demands such an act or reading."""
    if case.repeats:
        return held.order == case.order
    if not case.departs or case.purpose.is_instrument:
        return False
    return case.used_before is None or case.used_before > held.order
