"""What rules are to each other: those that never fire, contradict or overlap, with a witness call.

The calls they are tried on are their own examples, here under all rules together and with the
parameters of this place. That finds what the examples show, and proves nothing beyond them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from orchestrator.domain.action import Action
from orchestrator.domain.verdict import Effect, Hit
from orchestrator.rules.examples import Step, read_example, run_example
from orchestrator.rules.packs import Pack
from orchestrator.rules.patches import CONTENT, apply_patches
from orchestrator.rules.ruleset import RuleSet
from orchestrator.rules.schema import RuleSpec

Kind: TypeAlias = Literal["never fires", "contradicts", "overlaps"]

_STRICTNESS = {effect: place for place, effect in enumerate(get_args(Effect))}


class Remark(NamedTuple):
    """Something to look at; no error."""

    kind: Kind
    rule: str
    others: tuple[str, ...]
    """The rules it contradicts, or those that stop all it stops."""
    why: str
    witness: Any
    """The call that shows it, as it is written among the examples."""
    file: str
    line: int
    """Where the witness stands."""


class _Shown(NamedTuple):
    """A `match` example of a rule and what all rules together make of it."""

    example: Any
    steps: tuple[Step, ...]
    line: int
    own: Hit | None
    others: tuple[Hit, ...]
    """Those of other rules, on the same call."""


def analyse(ruleset: RuleSet, packs: Sequence[Pack]) -> Iterator[tuple[RuleSpec, list[Remark]]]:
    """Yield each rule of `packs`, compiled into `ruleset`, with what there is to say of it."""
    for pack in packs:
        for number, spec in enumerate(pack.file.rules):
            shown = [_show(ruleset, pack, spec, number, n) for n in range(len(spec.examples.match))]
            fired = [one for one in shown if one.own is not None]
            remarks = (
                [*_contradict(ruleset, pack, spec, fired), *_overlap(pack, spec, fired)]
                if fired
                else [_never(pack, spec, shown[0])]
            )
            yield spec, remarks


def _show(ruleset: RuleSet, pack: Pack, spec: RuleSpec, number: int, place: int) -> _Shown:
    example = spec.examples.match[place]
    where = ("rules", number, "examples", "match", place)
    steps = read_example(example, spec, pack.document, where)
    hits = run_example(ruleset, steps, spec.on)
    own = next((hit for hit in hits if hit.rule == spec.id), None)
    call = own.action if own else None
    others = tuple(hit for hit in hits if hit.rule != spec.id and call in (None, hit.action))
    return _Shown(example, steps, pack.document.line_of(where), own, others)


def _never(pack: Pack, spec: RuleSpec, shown: _Shown) -> Remark:
    given = ", ".join(spec.examples.given)
    why = (
        f"it waits for another value of the parameter {given}"
        if given
        else "the parameters of this place let all of its examples pass"
    )
    return _remark("never fires", pack, spec, (), why, shown)


def _contradict(
    ruleset: RuleSet, pack: Pack, spec: RuleSpec, fired: Sequence[_Shown]
) -> Iterator[Remark]:
    """A `modify` lets a call run with a change: what refuses the call, or the change, objects."""
    if spec.effect != "modify":
        return
    told: set[str] = set()
    for shown in fired:
        assert shown.own is not None
        against = _refusals(shown.own, shown.others)
        if not against:
            against = _objections(ruleset, spec, shown)
        for name in sorted(against.keys() - told):
            told.add(name)
            yield _remark("contradicts", pack, spec, (name,), against[name], shown)


def _refusals(own: Hit, others: Sequence[Hit]) -> dict[str, str]:
    """Return which rules refuse the call that `own` changes, or change the same otherwise."""
    patched = {patch.path: patch.value for patch in own.patches}
    against = {
        hit.rule: f"it changes the call, {hit.rule} answers {hit.effect}"
        for hit in others
        if hit.effect in ("deny", "terminate")
    }
    for hit in others:
        for patch in hit.patches:
            if (
                patch.path in patched
                and patch.path != CONTENT
                and patch.value != patched[patch.path]
            ):
                against[hit.rule] = f"both change {patch.path}, and not in the same way"
    return against


def _objections(ruleset: RuleSet, spec: RuleSpec, shown: _Shown) -> dict[str, str]:
    """Return which rules object to what the change made of the call."""
    step = shown.steps[-1]
    if spec.on == "result" or len(shown.steps) > 1 or len(step.calls) > 1 or shown.own is None:
        return {}
    tool, arguments = step.calls[0]
    action = apply_patches(Action(id="", tool=tool, arguments=arguments), [shown.own])
    if action is None:
        return {}
    before = {hit.rule for hit in shown.others}
    after = run_example(ruleset, [step._replace(calls=((tool, action.arguments),))], spec.on)
    return {
        hit.rule: f"{hit.rule} answers {hit.effect} to what it makes of the call"
        for hit in after
        if hit.effect != "flag" and hit.rule not in before
    }


def _overlap(pack: Pack, spec: RuleSpec, fired: Sequence[_Shown]) -> Iterator[Remark]:
    common = frozenset.intersection(*(_as_strict(spec, shown.others) for shown in fired))
    if common:
        why = f"all {len(fired)} calls it shows are stopped without it, as strictly"
        yield _remark("overlaps", pack, spec, tuple(sorted(common)), why, fired[0])


def _as_strict(spec: RuleSpec, hits: Sequence[Hit]) -> frozenset[str]:
    least = _STRICTNESS[spec.effect]
    return frozenset(hit.rule for hit in hits if _STRICTNESS[hit.effect] >= least)


def _remark(
    kind: Kind, pack: Pack, spec: RuleSpec, others: tuple[str, ...], why: str, shown: _Shown
) -> Remark:
    return Remark(kind, spec.id, others, why, shown.example, pack.document.file, shown.line)
