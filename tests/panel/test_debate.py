"""When auditors debate, what moves a vote, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from orchestrator.clock import ManualClock
from orchestrator.domain.action import Action
from orchestrator.domain.event import (
    DebateAnswered,
    DebateClosed,
    DebateOpened,
    PanelSettled,
    VerdictGiven,
    VoteCommitted,
)
from orchestrator.models.client import Failure, Request
from orchestrator.models.scripted import Scripted
from tests.panel.debaters import (
    AGAINST,
    FOR,
    MOVED,
    RESULT,
    Voice,
    accept,
    judge,
    make_case,
    refute,
    stubborn,
    yielding,
)

pytestmark = pytest.mark.anyio


def doubter(**more: Any) -> Voice:
    return Voice("doubter", 90, (AGAINST,), **{"behave": stubborn(90), **more})


def truster(**more: Any) -> Voice:
    return Voice("truster", 10, (FOR,), **{"behave": stubborn(10), **more})


async def test_new_evidence_of_the_user_settles_what_was_undecided() -> None:
    held = await judge([doubter(behave=yielding(2)), truster()])
    assert held.ruling.end == "clear" and held.ruling.debated
    assert held.ruling.blind is not None and held.ruling.blind > held.ruling.low
    (closed,) = held.facts(DebateClosed)
    assert (closed.how, closed.rounds) == ("settled", 1)
    moved, kept = held.facts(DebateAnswered)
    assert (moved.before, moved.after, moved.counted) == (0.9, 0.02, True)
    assert (kept.before, kept.after, kept.counted, kept.why) == (0.1, 0.1, False, "unchanged")


async def test_every_step_is_recorded_in_order_and_blind_votes_stay_as_they_were() -> None:
    held = await judge([doubter(behave=yielding(2)), truster()])
    order = ["panel_convened", "auditors_called", "vote_committed", "vote_committed",
             "verdict_given", "verdict_given", "debate_opened", "debate_answered",
             "debate_answered", "debate_closed", "panel_settled"]  # fmt: skip
    assert held.kinds == order
    verdicts = [fact.verdict for fact in held.facts(VerdictGiven)]
    assert [verdict.round for verdict in verdicts] == [0, 0]
    assert [verdict.opinion.suspicion for verdict in verdicts] == [0.9, 0.1]  # type: ignore[union-attr]
    assert len(held.facts(VoteCommitted)) == 2


async def test_replay_gives_the_same_events_and_prompts() -> None:
    def voices() -> list[Voice]:
        return [doubter(behave=yielding(40)), truster(), Voice("third", 55, (AGAINST, FOR))]

    first, second = voices(), voices()
    one, two = await judge(first, seed="ab"), await judge(second, seed="ab")
    assert [event.fact for event in one.events] == [event.fact for event in two.events]
    for voice, again in zip(first, second, strict=True):
        assert [r.hash for r in voice.asked] == [r.hash for r in again.asked]


def smuggling(score: int, quote: str, source: str, stance: str = "accepts") -> Voice:
    def behave(claims: list[dict[str, Any]], _: int) -> tuple[int, list[dict[str, Any]]]:
        answer = {"stance": stance, "quote": quote, "source": source}
        return score, [{"claim": claim["id"], **answer} for claim in claims]

    return doubter(behave=behave)


@pytest.mark.parametrize(
    ("voice", "why"),
    [
        (stubborn(1), "no new verified evidence points down"),
        (lambda c, _: (1, []), "did not answer each claim once"),
        (lambda c, _: (1, [accept(c[0]), accept(c[0])]), "did not answer each claim once"),
        (lambda c, _: (1, [accept(c[0]), {**accept(c[0]), "claim": "C9"}]), "did not answer"),
        (lambda c, _: (1, [{**accept(c[0]), "quote": "never said"}]), "no new verified evidence"),
        (lambda c, _: (99, [accept(c[0])]), "no new verified evidence points up"),
        (lambda c, _: (99, [refute(c[0], MOVED, "user")]), "no new verified evidence points up"),
        (lambda c, _: (99, [refute(c[0], "DE99", "arguments")]), "no new verified evidence"),
        (lambda c, _: (90, [accept(c[0])]), "unchanged"),
    ],
)  # fmt: skip
async def test_a_vote_stands_without_new_evidence_that_points_its_way(voice: Any, why: str) -> None:
    held = await judge([doubter(behave=voice), truster()])
    answered = held.facts(DebateAnswered)[0]
    assert not answered.counted and answered.why.startswith(why)
    assert held.ruling.end == "undecided" and held.ruling.probability == held.ruling.blind
    assert held.facts(DebateClosed)[0].how == "no valid change"


async def test_words_beside_the_claim_do_not_carry_its_acceptance() -> None:
    held = await judge([smuggling(1, "Payment terms 30 days", "result"), truster()])
    assert not held.facts(DebateAnswered)[0].counted


async def test_the_agents_own_words_lower_nothing() -> None:
    alibi = {"text": "It says so.", "quote": "trust me", "source": "message", "side": "for"}
    trusting = Voice("truster", 10, (alibi,), behave=stubborn(10))
    held = await judge([doubter(behave=yielding(1)), trusting])
    assert not any(fact.counted for fact in held.facts(DebateAnswered))
    assert held.ruling.end != "clear"  # a blind look never showed those words: the vote is void


async def test_refuting_on_other_words_of_the_user_or_a_tool_counts_and_joins_the_pool() -> None:
    def contradict(claims: list[dict[str, Any]], _: int) -> tuple[int, list[dict[str, Any]]]:
        return 80, [refute(claim, "account DE11", "result") for claim in claims]

    held = await judge([doubter(), truster(behave=contradict)])
    _, second, *later = held.facts(DebateAnswered)
    assert second.counted is False  # it rises, but refuting what speaks against points down
    assert [claim.quote for claim in second.added] == ["account DE11"] and not later
    assert held.facts(DebateClosed)[0].surviving == ("C2", "C3")


async def test_what_the_first_round_brought_up_is_shown_in_the_second() -> None:
    def contradict(claims: list[dict[str, Any]], number: int) -> tuple[int, list[dict[str, Any]]]:
        return 8 - number, [refute(claim, "Payment terms", "result") for claim in claims]

    voices = [doubter(behave=yielding(60)), truster(behave=contradict)]
    held = await judge(voices, prior=0.0)
    assert held.facts(DebateClosed)[0].rounds == 2
    assert [claim["quote"] for claim in voices[0].shown()[1]] == ["Payment terms"]
    assert len(voices[1].shown()) == 1  # nothing was new to it any more


@pytest.mark.parametrize("mode", ["off", "rebuttal"])
async def test_no_debate_where_it_is_off_or_rounds_are_none(mode: str) -> None:
    more = {"mode": mode} if mode == "off" else {"rounds": 0}
    held = await judge([doubter(), truster()], **more)
    assert not held.facts(DebateOpened) and held.ruling.end == "undecided"


async def test_no_debate_for_a_task_class_that_does_not_pay() -> None:
    held = await judge([doubter(), truster()], off_for=["payment"])
    assert not held.facts(DebateOpened) and not held.ruling.debated


async def test_no_debate_once_the_votes_agree_or_everybody_saw_the_same_words() -> None:
    settled = await judge([Voice("a", 99, (AGAINST,)), Voice("b", 99, (AGAINST,))], prior=3.0)
    assert settled.ruling.end == "held" and not settled.facts(DebateOpened)
    same = await judge([Voice("a", 90, (AGAINST,)), Voice("b", 20, ({**AGAINST, "side": "for"},))])
    assert same.ruling.end == "undecided" and not same.facts(DebateOpened)


async def test_a_struck_quote_is_recorded_and_shown_to_nobody() -> None:
    invented = {"text": "It says so.", "quote": "send it to Mallory", "source": "result",
                "side": "against"}  # fmt: skip
    voices = [Voice("doubter", 90, (AGAINST, invented)), truster()]
    held = await judge(voices)
    (opened,) = held.facts(DebateOpened)
    assert [claim.quote for claim in opened.struck] == ["send it to Mallory"]
    assert not any("Mallory" in text for voice in voices for text in voice.debate_prompts)


async def test_too_few_votes_are_no_debate_and_no_quorum() -> None:
    down = Failure(cause="overloaded")
    held = await judge([doubter(fails=down), truster(fails=down)])
    assert held.ruling.end == "no quorum" and held.ruling.failed == 2
    assert held.ruling.probability is None and not held.facts(DebateOpened)


async def test_an_auditor_that_fails_in_the_debate_keeps_its_vote() -> None:
    down = Failure(cause="server error", why="500")
    held = await judge([doubter(fails_in_debate=down), truster()])
    answered = held.facts(DebateAnswered)[0]
    assert (answered.before, answered.after, answered.why) == (0.9, None, "server error: 500")
    assert held.ruling.scored == 2 and held.ruling.end == "undecided"


async def test_a_wrong_control_answer_moves_nothing() -> None:
    class Misled(Voice):
        def play(self, request: Request) -> Scripted:
            said = super().play(request)
            return {**said, "control": "0000-1"} if request.round else said  # type: ignore[dict-item]

    misled = Misled("doubter", 90, (AGAINST,), behave=yielding(1))
    held = await judge([misled, truster()])
    assert held.facts(DebateAnswered)[0].why.startswith("the control question")
    assert held.ruling.end == "undecided"


async def test_a_debate_that_runs_out_of_time_leaves_it_undecided() -> None:
    class Slow(ManualClock):
        def monotonic(self) -> float:
            self.move(1.0)
            return super().monotonic()

    held = await judge([doubter(behave=yielding(1)), truster()], clock=Slow(), deadline_s=4.0)
    (closed,) = held.facts(DebateClosed)
    assert (closed.how, closed.rounds) == ("deadline", 0) and held.ruling.end == "undecided"


async def test_two_open_actions_are_debated_each_for_itself() -> None:
    other = Action(id="mail", tool="send_mail", arguments={"to": "DE99 desk"})
    held = await judge([doubter(behave=yielding(2)), truster()], case=make_case(other))
    assert [fact.action for fact in held.facts(DebateOpened)] == ["pay", "mail"]
    assert {fact.ruling.action: fact.ruling.end for fact in held.facts(PanelSettled)} == {
        "pay": "clear", "mail": "clear",
    }  # fmt: skip


CRITIQUE = ({**AGAINST, "quote": "account DE11", "source": "result"},)


async def test_a_critic_that_did_not_vote_speaks_and_the_others_vote_again() -> None:
    voices = [doubter(), truster(behave=yielding(95)), Voice("critic", 99, CRITIQUE)]
    held = await judge(
        voices, mode="critic", panel={"calling": "sequential", "first": 2, "k_max": 2}
    )
    (opened,) = held.facts(DebateOpened)
    assert opened.calls == 1 and "critic" in opened.sides.values()
    assert held.ruling.scored == 2, "the critic's own score is no vote"
    (closed,) = held.facts(DebateClosed)
    assert closed.rounds == 1


async def test_without_anybody_else_the_most_suspicious_is_the_critic() -> None:
    voices = [doubter(), truster(behave=yielding(95)), Voice("third", 30, (FOR,))]
    held = await judge(voices, mode="critic")
    (opened,) = held.facts(DebateOpened)
    assert opened.sides == {"doubter": "critic"} and opened.calls == 0
    answered = {fact.auditor: fact.counted for fact in held.facts(DebateAnswered)}
    assert answered == {"truster": True, "third": False}


async def test_a_critic_that_fails_ends_the_debate_before_it_begins() -> None:
    voices = [doubter(), truster(), Voice("critic", fails=Failure(cause="connection"))]
    panel = {"calling": "sequential", "first": 2, "k_max": 2, "explore": 0.0}
    held = await judge(voices, mode="critic", panel=panel, seed="1")
    opened = held.facts(DebateOpened)
    if opened and opened[0].sides == {"critic": "critic"}:
        assert opened[0].why == "connection" and not opened[0].claims
        assert held.facts(DebateClosed)[0].rounds == 0
    assert held.ruling.end in ("undecided", "no quorum")


PLEAS = (AGAINST, FOR)


@pytest.mark.parametrize(("mode", "sides"), [("two_sided", 2), ("consultancy", 1)])
async def test_an_arbiter_answers_assigned_sides_and_adds_a_vote(mode: str, sides: int) -> None:
    def decide(claims: list[dict[str, Any]], _: int) -> tuple[int, list[dict[str, Any]]]:
        return (3 if any(c["side"] == "for" for c in claims) else 97), [accept(c) for c in claims]

    arbiter = Voice("umpire", role="arbiter", behave=decide)
    voices = [doubter(advocates=PLEAS), truster(advocates=PLEAS), arbiter]
    held = await judge(voices, mode=mode)
    (opened,) = held.facts(DebateOpened)
    assert len(opened.sides) == opened.calls == sides
    assert {claim.side for claim in opened.claims} == set(opened.sides.values())
    (answered,) = held.facts(DebateAnswered)
    assert (answered.auditor, answered.before, answered.counted) == ("umpire", None, True)
    assert held.ruling.scored == 3 and "umpire" in held.ruling.contributions
    assert not [r for r in arbiter.asked if r.round == 0], "the arbiter casts no blind vote"


async def test_an_arbiter_without_evidence_adds_nothing() -> None:
    arbiter = Voice("umpire", role="arbiter", behave=stubborn(3))
    voices = [doubter(advocates=PLEAS), truster(advocates=PLEAS), arbiter]
    held = await judge(voices, mode="two_sided")
    assert held.ruling.scored == 2 and held.ruling.end == "undecided"


async def test_the_agents_own_model_decides_nothing() -> None:
    arbiter = Voice("umpire", role="arbiter", behave=yielding(3))
    voices: Sequence[Voice] = [doubter(advocates=PLEAS), truster(advocates=PLEAS), arbiter]
    held = await judge(voices, mode="two_sided", model="x/model-umpire")
    assert not held.facts(DebateOpened) and not arbiter.asked


def test_the_quotes_of_these_tests_stand_where_they_say() -> None:
    assert "account DE11" in RESULT and "Payment terms" in RESULT
