"""Earlier calls as a view shows them: made once while the run keeps them, not on every turn."""

from __future__ import annotations

import functools
import weakref

from orchestrator.auditors.model.encoding import write_json
from orchestrator.auditors.model.excerpt import clip
from orchestrator.auditors.model.quotable import split_data
from orchestrator.auditors.model.sieve import Sieve, View
from orchestrator.auditors.model.trace import Step
from orchestrator.domain.value import JsonObject


class ShownStep:
    """A step behind the sieve of one view; what it holds is not to be changed."""

    def __init__(self, step: Step, view: View) -> None:
        sieve = Sieve(view)
        shown: JsonObject = step.model_dump(mode="json", exclude={"spans"})
        shown["tool"] = sieve.pass_text(clip(step.tool, 200))
        shown["arguments"] = sieve.pass_on(step.arguments)
        shown["result"] = step.result and sieve.pass_text(step.result)
        if step.spans:
            shown["named_in_it"] = sieve.pass_on(step.spans)
        self.data = shown
        self.certain = sieve.certain
        self.possible = sieve.possible

    @functools.cached_property
    def written(self) -> str:
        """Return its JSON."""
        return write_json(self.data)

    @functools.cached_property
    def arguments(self) -> tuple[str, ...]:
        """Return what may be quoted of its arguments."""
        return tuple(split_data(self.data["arguments"]))

    @property
    def result(self) -> str | None:
        """Return its result."""
        result = self.data["result"]
        return result if isinstance(result, str) else None


class _Kept:
    """What was made of one step, by view; goes when the step goes."""

    def __init__(self, step: Step) -> None:
        name = id(step)
        self.step = weakref.ref(step, lambda _: _kept.pop(name, None))
        self.views: dict[View, ShownStep] = {}


_kept: dict[int, _Kept] = {}
"""By identity: steps hold data, so that equal ones would have to be compared to the end."""


def show_step(step: Step, view: View) -> ShownStep:
    """Return `step` as `view` shows it."""
    kept = _kept.get(id(step))
    if kept is None or kept.step() is not step:
        kept = _kept[id(step)] = _Kept(step)
    shown = kept.views.get(view)
    if shown is None:
        shown = kept.views[view] = ShownStep(step, view)
    return shown
