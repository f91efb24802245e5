"""Why a hit happened, in the words of the rule file: rule, clause, and the nearest call allowed."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from orchestrator.domain.run import PackRef
from orchestrator.domain.verdict import Hit
from orchestrator.rules.constitution import Clause
from orchestrator.rules.ruleset import RuleSet
from orchestrator.rules.schema import RuleSpec

_COMPARED = 2_000


class Rationale(NamedTuple):
    """What the rules say of a hit; parts are None where they do not know the rule any more."""

    clause: Clause | None
    rule: RuleSpec | None
    pack: PackRef | None
    """The pack as it judged, from the record."""
    here: PackRef | None
    """The pack as it is here."""
    allowed: str | None
    """The example of the rule that passes and is nearest to what was stopped."""

    @property
    def is_changed(self) -> bool:
        """Say whether the pack is another one now than when it judged."""
        return self.here is not None and self.here != self.pack


def find_rationale(
    ruleset: RuleSet, hit: Hit, stopped: str, judged_by: Sequence[PackRef]
) -> Rationale:
    """Look up what `ruleset` says of `hit`, made when the packs were `judged_by`."""
    rule = next((rule for rule in ruleset.rules if rule.spec.id == hit.rule), None)
    name = rule.pack if rule else ""
    return Rationale(
        clause=next((c for c in ruleset.constitution.clauses if c.id == hit.clause), None),
        rule=rule.spec if rule else None,
        pack=next((ref for ref in judged_by if ref.name == name), None),
        here=next((ref for ref in ruleset.packs if ref.name == name), None),
        allowed=_nearest_pass(rule.spec, stopped) if rule else None,
    )


def _nearest_pass(spec: RuleSpec, stopped: str) -> str | None:
    """Return the passing example one of whose texts is most like what was stopped.

    A text that begins with the same word, such as the same command, is the nearer one.
    """
    stopped = stopped[:_COMPARED]

    def likeness(example: Any) -> tuple[bool, float]:
        texts = [text[:_COMPARED] for text in _find_texts(example)]
        alike = [
            (
                text.split(None, 1)[:1] == stopped.split(None, 1)[:1],
                difflib.SequenceMatcher(None, stopped, text).ratio(),
            )
            for text in texts
        ]
        return max(alike, default=(False, 0.0))

    nearest = max(spec.examples.pass_, key=likeness, default=None)
    if nearest is None or isinstance(nearest, str):
        return nearest
    return json.dumps(nearest, ensure_ascii=False)


def _find_texts(example: Any) -> Iterator[str]:
    if isinstance(example, str):
        yield example
    elif isinstance(example, dict | list):
        for item in example.values() if isinstance(example, dict) else example:
            yield from _find_texts(item)
