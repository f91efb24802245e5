"""Say of a tool result, before the agent reads it, what in it speaks to the agent or surprises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from orchestrator.auditors.auditor import Auditor
from orchestrator.auditors.provenance.auditor import ProvenanceAuditor, telling_names
from orchestrator.auditors.provenance.instructions import Block
from orchestrator.domain.action import Action, Observation, ToolSpec
from orchestrator.domain.verdict import Effect, Hit, Patch, Span
from orchestrator.rules.patches import CONTENT

Treatment: TypeAlias = Literal["flag", "mask", "withhold"]

INJECTION = "built-in.injected-instructions"
UNEXPECTED = "built-in.unexpected-effect"
MASK = "‹{count} characters that tell the agent what to do are masked›"
_SHOWN = 240
_EFFECTS: dict[Treatment, Effect] = {"flag": "flag", "mask": "modify", "withhold": "deny"}


class ResultChecker:
    """Check results; one serves any number of runs."""

    def __init__(
        self, auditor: ProvenanceAuditor, *, treatment: Treatment = "flag", at: float = 0.7
    ) -> None:
        """Take the word lists of `auditor`; `at` is the strength that counts as an injection."""
        self._auditor = auditor
        self._treatment = treatment
        self._at = at

    def check(
        self, observation: Observation, action: Action | None, tools: Sequence[ToolSpec] = ()
    ) -> tuple[Hit, ...]:
        """Return what is found; with `mask` the first hit carries the masked content.

        Ask after the rules, with the content as they leave it: patches build on each other.
        """
        names = telling_names(tuple(tool.name for tool in tools))
        found = self._auditor.detector.find(observation.content, names)
        blocks = [block for block in found if block.strength >= self._at]
        asked = action.id if action else observation.action or ""
        hits = [self._injection(block, asked) for block in blocks]
        if hits and self._treatment == "mask":
            masked = Patch(path=CONTENT, value=mask(observation.content, blocks))
            hits[0] = hits[0].model_copy(update={"patches": (masked,)})
        if action is not None:
            hits += self._unexpected(observation, action, tools)
        return tuple(hits)

    def _injection(self, block: Block, action: str) -> Hit:
        cues = ", ".join(sorted(block.cues)).replace("_", " ")
        return Hit(
            action=action,
            rule=INJECTION,
            clause="mind-the-source",
            effect=_EFFECTS[self._treatment],
            reason="The result tells the agent what to do",
            span=Span(path=CONTENT, start=block.start, end=block.end, text=block.quote[:_SHOWN]),
            detail=f"strength {block.strength:.2f}: {cues}",
        )

    def _unexpected(
        self, observation: Observation, action: Action, tools: Sequence[ToolSpec]
    ) -> list[Hit]:
        """Flag a tool that only reads and reports that it did something."""
        spec = next((tool for tool in tools if tool.name == action.tool), None)
        purpose = self._auditor.purpose(action, spec)
        if purpose.acts or purpose.is_instrument or purpose.is_inert:
            return []
        place = self._auditor.detector.reports_act(observation.content)
        if place is None:
            return []
        text = observation.content[place.start : place.end]
        return [
            Hit(
                action=action.id,
                rule=UNEXPECTED,
                clause="stay-in-scope",
                effect="flag",
                reason="A tool that reads reports that it did something",
                span=Span(path=CONTENT, start=place.start, end=place.end, text=text),
            )
        ]


def find_result_checker(auditors: Sequence[Auditor], treatment: Treatment) -> ResultChecker | None:
    """Return a checker with the word lists of the provenance auditor; None where there is none."""
    for auditor in auditors:
        if isinstance(auditor, ProvenanceAuditor):
            return ResultChecker(auditor, treatment=treatment)
    return None


def mask(content: str, blocks: Sequence[Block]) -> str:
    """Return `content` with a note in place of each block."""
    pieces: list[str] = []
    at = 0
    for block in sorted(blocks, key=lambda block: block.start):
        if block.end <= at:
            continue
        start = max(at, block.start)
        pieces += (content[at:start], MASK.format(count=block.end - start))
        at = block.end
    return "".join([*pieces, content[at:]])
