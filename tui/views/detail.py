"""Why an action was decided as it was, the answer first."""

from __future__ import annotations

import json
from collections.abc import Iterator

from textual.content import Content

from orchestrator.domain.event import ResultObserved
from orchestrator.domain.verdict import Hit, Scored, Verdict
from orchestrator.replay.projection import DOUBT, GLYPHS, Case, short_arguments
from tui.text import Part, pad, paragraph, quoted, safe, said, stack
from tui.views.outline import write_run_event

NAME = 14


def write_summary(case: Case | None, rows: int) -> Content:
    """Return a few lines: the decision, why, and the first quote of each auditor that scored."""
    if case is None:
        return said(("Choose a line.", "$tone-quiet"))
    if about_run := write_run_event(case.event):
        return stack(about_run[:rows])
    parts = [*_decision(case), *_why(case)]
    scored = sorted(case.verdicts, key=lambda v: -_suspicion(v[0]))
    parts += [_verdict_line(verdict) for verdict, _ in scored]
    return stack(parts[:rows])


def write_detail(case: Case | None) -> Content:
    """Return everything, in the order in which somebody asks."""
    if case is None:
        return said(
            ("Choose a line of the timeline to see all that is known of it.", "$tone-quiet")
        )
    about_run = write_run_event(case.event)
    return stack(about_run or _detail(case))


def _detail(case: Case) -> Iterator[Content]:
    yield from _decision(case)
    yield from _why(case)
    if case.clause:
        yield _field("clause", "", "")
        yield paragraph(case.clause, "italic")
    yield _field("agent told", case.told)
    if case.action:
        yield from _call(case)
    yield from _rules(case.hits)
    if case.verdicts:
        yield _title("Auditors")
        for verdict, micros in sorted(case.verdicts, key=lambda v: -_suspicion(v[0])):
            yield from _verdict(verdict, micros)
    yield from _sum(case)
    yield from _human(case)
    yield from _words(case)
    for result in case.results:
        yield from _result(result)
    for crossed in case.crossed:
        yield _field("cross-audit", f"{crossed.judge} on {crossed.ratee}: {crossed.why}")
    yield Content("")
    yield said((f"crossaudit explain {case.decided or case.event.id}", "$tone-quiet"))


def _decision(case: Case) -> list[Content]:
    decision = case.decision
    if decision is None:
        tool = case.action.tool if case.action else ""
        return [said((f" {case.event.fact.kind.replace('_', ' ')} ", "reverse bold"), f" {tool}")]
    word = decision.judged.value
    if word == "allow" and case.hits:
        word = "flag"
    held = "" if decision.decision is decision.judged else f" (not held: {decision.decision})"
    settled = f" → {case.approval.answer}" if case.approval else ""
    call = safe(short_arguments(case.action), 120) if case.action else ""
    return [
        said(
            (f" {GLYPHS[word]} {word.upper()}{settled} ", f"$tone-{word} reverse bold"),
            (f" {decision.tool} ", "bold"), call, held,
        )
    ]  # fmt: skip


def _why(case: Case) -> list[Content]:
    decision = case.decision
    if decision is None:
        return []
    reason = decision.reason or next((h.reason for h in case.hits), "nothing was objected to")
    clause = decision.clause or next((h.clause for h in case.hits), "")
    return [said((f"{clause}: " if clause else "", "bold"), reason)]


def _call(case: Case) -> Iterator[Content]:
    action = case.action
    assert action
    yield _title("Action")
    decision = case.decision
    for name, value in action.arguments.items():
        yield from _argument(name, value, [h.span.text for h in case.hits if h.span])
        new = (decision.arguments or {}).get(name, value) if decision else value
        if new != value:
            yield said(("  becomes ", "$tone-modify bold"), (_text(new), "$tone-modify"))
    if action.malformed:
        yield said((f"  malformed: {action.malformed}", "$error"))
    reason = case.turn.reason_for(action) if case.turn else None
    if reason:
        yield _title("Justification: claims, none believed")
        for field in ("intent", "clauses", "conditions", "evidence", "expected_effects"):
            value = getattr(reason, field)
            if value:
                yield _field(field, value if isinstance(value, str) else ", ".join(value))


def _argument(name: str, value: object, marked: list[str]) -> Iterator[Content]:
    text = _text(value)
    if "\n" not in text and len(text) < 200:
        yield said(f"  {pad(name, 10)} ", quoted(text, marked, "$tone-flag bold", indent=""))
        return
    yield said(f"  {name}")
    yield quoted(text, marked, "$tone-flag bold", indent="    ")


def _rules(hits: tuple[Hit, ...]) -> Iterator[Content]:
    if hits:
        yield _title("Rules fired")
    for hit in hits:
        yield said(
            (f"  {GLYPHS[hit.effect]} {hit.effect} ", f"$tone-{hit.effect} bold"),
            (hit.rule, "bold"), f"  {hit.clause}",
        )  # fmt: skip
        yield said(f"      {hit.reason}", f" ({hit.detail})" if hit.detail else "")
        if hit.subcommand or hit.span:
            quote = hit.subcommand or (hit.span.text if hit.span else "")
            yield said(("      “", "$tone-quiet"), (quote, "$tone-flag"), ("”", "$tone-quiet"))


def _verdict_line(verdict: Verdict) -> Content:
    opinion = verdict.opinion
    if not isinstance(opinion, Scored):
        tone = "$error" if opinion.kind == "failed" else "$tone-quiet"
        glyph = "!" if opinion.kind == "failed" else "–"
        return said((f"{glyph} {pad(verdict.auditor, NAME)} ", tone), (opinion.why, tone))
    claim = next((c for c in opinion.claims if c.verified), None)
    quote = f"{claim.text}: “{claim.quote}”" if claim else "no quote"
    doubts = opinion.suspicion >= DOUBT
    tone = "$tone-doubt" if doubts else "$tone-allow"
    number = f"{opinion.suspicion:.2f} "
    glyph = "●" if doubts else "○"
    return said((f"{glyph} {pad(verdict.auditor, NAME)} ", tone), (number, f"{tone} bold"), quote)


def _verdict(verdict: Verdict, micros: int) -> Iterator[Content]:
    looks = {"first": "", "second": " second look, with the justification"}
    yield said("  ", _verdict_line(verdict))
    facts = [looks.get(verdict.look, f" {verdict.look}"), f" {micros / 1000:.1f} ms"]
    if verdict.round:
        facts.append(f" after round {verdict.round} of the debate")
    if verdict.model:
        facts.append(f" {verdict.model}")
    usage = verdict.usage
    if usage:
        cost = "cost unknown" if usage.cost_usd is None else f"{usage.cost_usd:.4f} USD"
        facts.append(f" {cost}, {usage.attempts} requests")
    yield said((f"      {','.join(part for part in facts if part)}", "$tone-quiet"))
    if isinstance(verdict.opinion, Scored):
        for claim in verdict.opinion.claims[1:]:
            mark, style = ("✓", "") if claim.verified else ("struck: no such quote,", "$tone-quiet")
            side = "for it, " if claim.side == "for" else ""
            yield said(
                (f"      {mark} {side}{claim.text}: “{claim.quote}” ({claim.source})", style)
            )


def _sum(case: Case) -> Iterator[Content]:
    decision, ruling = case.decision, case.ruling
    if ruling:
        number = "nobody scored" if ruling.probability is None else f"{ruling.probability:.2f}"
        yield _title("Panel")
        yield _field("came to", f"{ruling.end}, {number}: {ruling.reason}")
        yield _field("undecided in", f"{ruling.low:.2f} to {ruling.high:.2f}")
        yield _field("votes", f"{ruling.scored} scored, {ruling.abstained} abstained, "
                     f"{ruling.failed} failed; worth {ruling.effective:.1f} auditors")  # fmt: skip
    if decision and decision.suspicion is not None:
        added = ", ".join(f"{n} {v:+.2f}" for n, v in decision.contributions.items())
        yield _title("Suspicion")
        yield _field("combined", f"{decision.suspicion:.2f}")
        yield _field("made of", f"{added} (log-odds)" if added else "")
    if decision:
        yield _field("decided by", f"{decision.cause or 'nothing'}, in {case.micros / 1000:.1f} ms")


def _human(case: Case) -> Iterator[Content]:
    if case.request is None:
        return
    yield _title("Person")
    request, approval = case.request, case.approval
    yield _field("asked", f"{request.needed} needed; {request.on_timeout} when nobody answers")
    if approval:
        by = ", ".join(approval.by) or "nobody"
        yield _field("answered", f"{approval.answer} by {by}. {approval.reason}")
        if approval.arguments is not None:
            yield _field("edited to", _text(approval.arguments))
    else:
        yield said(("  ? waits: press a", "$tone-escalate bold"))


def _words(case: Case) -> Iterator[Content]:
    turn = case.turn
    quotes = [
        claim.quote
        for verdict, _ in case.verdicts
        if isinstance(verdict.opinion, Scored)
        for claim in verdict.opinion.claims
        if claim.verified
    ]
    if turn and turn.message:
        yield _title("Agent said")
        yield quoted(turn.message, quotes, "$tone-doubt reverse")
    if turn and turn.reasoning:
        yield _title("Agent's reasoning (can incriminate, never clear)")
        yield quoted(turn.reasoning, quotes, "$tone-doubt reverse")


def _result(result: ResultObserved) -> Iterator[Content]:
    seen = result.observation
    passed = "" if result.decision.value == "allow" else f", passed on as: {result.decision.value}"
    yield _title(f"Result{' (error)' if seen.error else ''}{passed}")
    for hit in result.hits:
        yield said((f"  {GLYPHS[hit.effect]} {hit.reason}", f"$tone-{hit.effect}"))
    marked = [hit.span.text for hit in result.hits if hit.span]
    yield quoted(seen.content, marked, "$tone-flag reverse")


def _title(text: str) -> Content:
    return Content("\n").append(Content.styled(safe(text), "bold $primary"))


def _field(name: str, *parts: Part) -> Content:
    return said((f"  {pad(name, 12)} ", "$tone-quiet"), *parts)


def _suspicion(verdict: Verdict) -> float:
    opinion = verdict.opinion
    return opinion.suspicion if isinstance(opinion, Scored) else -1.0


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
