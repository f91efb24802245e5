"""A debate: the claims, who said what to them, and how the scores moved on what evidence."""

from __future__ import annotations

from collections.abc import Iterator

from textual.content import Content

from orchestrator.domain.event import DebateAnswered
from orchestrator.replay.projection import Case
from tui.text import pad, said, stack

NAME = 14
BAR = 20


def write_debate(case: Case | None) -> Content:
    """Return the debate on the action of `case`, or why there is none."""
    debate = case.debate if case else None
    if case is None or debate is None:
        why = "No debate on this action."
        if case and case.ruling:
            why += f" The panel was not divided: {case.ruling.end}."
        elif case:
            why += " No panel of models saw it."
        return stack(
            [said((why, "$tone-quiet")), said(("{ and } go to the debates.", "$tone-quiet"))]
        )
    return stack(_debate(case))


def _debate(case: Case) -> Iterator[Content]:
    debate = case.debate
    assert debate
    opened, closed = debate.opened, debate.closed
    tool = case.action.tool if case.action else opened.action
    yield said((f"Debate on {tool}", "bold"), f", {opened.mode}")
    stands = set(closed.surviving) if closed else set()
    yield said(("Claims", "bold $primary"))
    for claim in opened.claims:
        mark, style = "·", ""
        if closed:
            mark, style = ("✓ stands", "$tone-allow") if claim.id in stands else (
                "✗ refuted", "$tone-quiet")  # fmt: skip
        yield said((f" {claim.id} {claim.side} ", "bold"), (mark, style), f" {claim.text}")
        yield said((f"     “{claim.quote}” ({claim.source})", "$tone-flag"))
    for struck in opened.struck:
        yield said(
            (f" struck, no such quote: {struck.text}: “{struck.quote}”", "$tone-quiet strike")
        )
    for number in sorted({answer.round for answer in debate.answers}):
        yield said((f"Round {number}", "bold $primary"))
        for answer in debate.answers:
            if answer.round == number:
                yield from _answer(answer)
    if closed:
        yield said(
            (f"Closed: {closed.how}", "bold"),
            f" after {closed.rounds} rounds; {len(closed.surviving)} of {len(opened.claims)} "
            "claims stand",
        )
    else:
        yield said(("still going on", "$tone-debate"))


def _answer(answer: DebateAnswered) -> Iterator[Content]:
    moved = f"{_number(answer.before)} → {_number(answer.after)}"
    style = "$tone-debate bold" if answer.counted else "$tone-quiet"
    why = "" if answer.counted else f"  does not count: {answer.why}"
    yield said(f" {pad(answer.auditor, NAME)} ", (moved, style), " ", _bar(answer), why)
    for one in answer.answers:
        evidence = one.evidence
        rest = ""
        if evidence:
            held = "" if evidence.verified else " (not found: counts for nothing)"
            rest = f": “{evidence.quote}”{held}"
        yield said((f"     {one.stance} {one.claim}{rest}", "$tone-quiet"))


def _bar(answer: DebateAnswered) -> Content:
    """Draw where a score went on a line from 0 to 1."""
    if answer.before is None or answer.after is None:
        return Content("")
    start, stop = (round(v * (BAR - 1)) for v in (answer.before, answer.after))
    low, high = min(start, stop), max(start, stop)
    arrow = "▶" if stop > start else "◀" if stop < start else "●"
    cells = ["─" if low <= n <= high else " " for n in range(BAR)]
    cells[stop] = arrow
    return Content(f"│{''.join(cells)}│")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
