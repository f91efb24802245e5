"""What no debate may do, whatever auditors answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.auditors.model.quotable import Quotable
from orchestrator.auditors.model.rebuttal import DebateReply, NeutralReply
from orchestrator.config import Config
from orchestrator.domain.event import DebateAnswered, DebateClosed, PanelSettled
from orchestrator.guard import Guard
from orchestrator.models.client import Failure
from orchestrator.panel.panel import may_audit
from tests.guarded.doubles import call
from tests.panel.debaters import AGAINST, FOR, MOVED, RESULT, TASK, Held, Voice, judge, read_prompt

QUOTES = [
    ("DE99", "arguments"), (MOVED, "user"), ("account DE11", "result"), ("invoice 7", "task"),
    ("trust me", "message"), ("never said", "user"), ("", "user"), ("Payment terms", "result"),
    ("DE99", "reasoning"),
]  # fmt: skip
SAYING = {
    "arguments": ["DE99", "send_payment"], "user": [MOVED, TASK], "task": [TASK],
    "result": [RESULT], "message": ["I pay it now, trust me."], "reasoning": [],
}  # fmt: skip
claims = st.lists(
    st.tuples(st.sampled_from(QUOTES), st.sampled_from(["against", "for"])), max_size=3
).map(lambda drawn: [
    {"text": f"note {quote}", "quote": quote, "source": source, "side": side}
    for (quote, source), side in drawn
])  # fmt: skip
answers = st.fixed_dictionaries(
    {"stance": st.sampled_from(["accepts", "refutes"]), "evidence": st.sampled_from(QUOTES)}
)
voices = st.lists(
    st.tuples(
        st.integers(5, 95), claims, st.lists(answers, min_size=4, max_size=4), st.integers(0, 100)
    ),
    min_size=2,
    max_size=4,
)
quick = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])


def make_voices(drawn: list[Any]) -> list[Voice]:
    """Return auditors whose answers hang on the claims' words alone, not on order or number."""

    def behaving(given: list[dict[str, Any]], after: int) -> Any:
        def behave(shown: list[dict[str, Any]], number: int) -> tuple[int, list[dict[str, Any]]]:
            said = []
            for one in shown:
                how = given[(len(one["quote"]) + number) % len(given)]
                quote, source = how["evidence"]
                if how["stance"] == "accepts":
                    quote, source = one["quote"], one["source"]
                answer = {"claim": one["id"], "stance": how["stance"]}
                said.append({**answer, "quote": quote, "source": source})
            return after, said

        return behave

    return [
        Voice(f"Zyx{place}", score, said, behaving(given, after), vendor=f"Vendor{place}Qq")
        for place, (score, said, given, after) in enumerate(drawn)
    ]


def run(voices: list[Voice], **more: Any) -> Held:
    return anyio.run(lambda: judge(voices, **{"prior": -1.0, **more}))


@quick
@given(voices)
def test_no_vote_moves_without_verified_evidence_new_to_its_auditor(drawn: list[Any]) -> None:
    cast = make_voices(drawn)
    held = run(cast)
    own = {voice.name: {c["quote"] for c in voice.claims} for voice in cast}
    for fact in held.facts(DebateAnswered):
        if not fact.counted:
            continue
        assert fact.before is not None and fact.after is not None and fact.after != fact.before
        side = "against" if fact.after > fact.before else "for"
        bearing = [
            answer.evidence
            for answer in fact.answers
            if answer.evidence and answer.evidence.verified and answer.evidence.side == side
            and Quotable(SAYING).holds(answer.evidence.quote, answer.evidence.source)
            and (side == "against" or answer.evidence.source in ("task", "user", "result"))
        ]  # fmt: skip
        assert any(evidence.quote not in own[fact.auditor] for evidence in bearing)
    if not any(fact.counted for fact in held.facts(DebateAnswered)):
        assert held.ruling.blind in (None, held.ruling.probability)
        assert held.ruling.end == "undecided" or not held.ruling.debated


@quick
@given(voices, st.randoms(use_true_random=False), st.integers(0, 9))
def test_order_of_members_and_seed_change_nothing_of_the_ruling(
    drawn: list[Any], dice: Any, seed: int
) -> None:
    plain, mixed = make_voices(drawn), make_voices(drawn)
    dice.shuffle(mixed)
    one, two = run(plain), run(mixed, seed=str(seed))
    assert one.ruling.model_dump(exclude={"usage"}) == two.ruling.model_dump(exclude={"usage"})
    assert [fact.how for fact in one.facts(DebateClosed)] == [
        fact.how for fact in two.facts(DebateClosed)
    ]


@quick
@given(voices, st.sampled_from(["rebuttal", "critic", "two_sided", "consultancy"]), st.booleans())
def test_no_prompt_of_a_debate_names_counts_or_scores_anybody(
    drawn: list[Any], mode: str, reworded: bool
) -> None:
    cast = make_voices(drawn)
    for voice in cast:
        voice.advocates = (AGAINST, FOR)
    cast.append(Voice("Umpire8", role="arbiter", vendor="Vendor8Qq"))
    if reworded:
        cast.append(Voice("Neutral9", role="paraphraser", vendor="Vendor9Qq"))
    run(cast, mode=mode)
    for voice in cast:
        text = "\n".join(voice.debate_prompts)
        assert not any(word in text for word in ("Zyx", "Qq", "Umpire8", "Neutral9", "model-"))
        for request in voice.asked:
            if request.reply not in (DebateReply, NeutralReply):
                continue
            _, data = read_prompt(request)
            seen = data if isinstance(data, list) else data["claims_of_others"]
            for one in seen:
                assert set(one) == {"id", "side", "text", "quote", "source"}
            if request.reply is DebateReply:
                sides = [one["side"] for one in seen]
                against, for_ = sides.count("against"), sides.count("for")
                assert not (against and for_) or against == for_
                own = {(c["quote"], c["source"]) for c in voice.claims}
                assert not own & {(one["quote"], one["source"]) for one in seen}


def test_all_auditors_down_is_no_quorum_with_the_configured_outcome_and_a_count(
    tmp_path: Path,
) -> None:
    down = Failure(cause="connection", why="refused")
    seats = [Voice("a", fails=down).seat(), Voice("b", fails=down).seat()]
    assert all(may_audit(seat, None) for seat in seats)

    async def decide() -> tuple[list[str], Any]:
        config = Config.model_validate({"panel": {"triage": "all"}, "gate": {"enforce": False}})
        async with Guard(config, tmp_path / "l.db", auditors=(), models=seats).run("clerk") as run:
            pay = call("send_payment", to="x", amount=4)
            review = await run.review([pay, {**call("read_file", path="a"), "id": "r"}])
            decisions = [decision.judged.value for decision in review.decisions]
        return decisions, run.summary().panel

    decisions, use = anyio.run(decide)
    assert decisions == ["deny", "escalate"]
    assert (use.actions, use.no_quorum, use.failed, use.scored) == (2, 2, 4, 0)


def test_the_settled_event_holds_what_the_debate_changed() -> None:
    cast = [Voice("a", 90, (AGAINST,), lambda c, _: (2, [_accept(one) for one in c])),
            Voice("b", 10, (FOR,))]  # fmt: skip
    (settled,) = run(cast, prior=-2.5).facts(PanelSettled)
    ruling = settled.ruling
    assert ruling.debated and ruling.prior == -2.5
    assert ruling.blind is not None and ruling.probability is not None
    assert ruling.probability < ruling.low < ruling.blind


def _accept(claim: dict[str, Any]) -> dict[str, Any]:
    keep = {"quote": claim["quote"], "source": claim["source"]}
    return {"claim": claim["id"], "stance": "accepts", **keep}
