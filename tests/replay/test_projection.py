"""One fold for live and replay, an index that gives the same at every place, and honest gaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.domain.decision import Outcome
from orchestrator.domain.event import EVENT, Fact
from orchestrator.ledger.chain import StoredEvent
from orchestrator.replay import track as tracks
from orchestrator.replay.feed import RecordedFeed
from orchestrator.replay.projection import (
    Mark,
    RunState,
    Track,
    fold,
    parse_filter,
    play_back,
    row_of,
    step,
)
from tests.tui.recorded import (
    asked_turn,
    chained,
    debated_turn,
    everything,
    feed_of,
    long_run,
    quiet_turn,
)

OPENED = everything()[0]
TURNS = st.lists(
    st.sampled_from([quiet_turn, debated_turn, asked_turn]), min_size=0, max_size=6
).map(lambda kinds: [OPENED, *(fact for n, kind in enumerate(kinds) for fact in kind(n))])
EVERY_KIND = {get_args(kind.model_fields["kind"].annotation)[0] for kind in
              get_args(get_args(Fact)[0])}  # fmt: skip


def opened(stored: Sequence[StoredEvent]) -> Track:
    track = Track(RecordedFeed("here", {stored[0].run: stored}), stored[0].run)
    play_back(track)
    return track


@given(TURNS, st.integers(min_value=1, max_value=7), st.integers(min_value=1, max_value=9))
def test_live_and_replay_agree_at_every_event(facts: list[Fact], apart: int, batch: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracks, "APART", apart)
        stored = chained("r1", facts)
        events = [EVENT.validate_json(one.body) for one in stored]
        live = Track(RecordedFeed("here", {"r1": stored}), "r1")
        while live.take(live.fetch(batch)):
            assert live.state == fold(RunState("r1"), events[: len(live)])
        state = RunState("r1")
        for event in events:
            state = step(state, event)
            assert live.state_at(event.seq) == state


def test_every_kind_of_event_is_a_line_and_changes_no_other() -> None:
    facts = everything()
    track = opened(chained("r1", facts))
    assert {fact.kind for fact in facts} == EVERY_KIND - {"checkpoint"}
    for seq in range(len(track)):
        row = track.row(seq)
        assert row.seq == seq and row.kind == facts[seq].kind and row.word and row.glyph
    assert [track.row(seq) for seq in reversed(range(len(track)))] == track.rows(0, 99)[::-1]


def test_the_state_counts_what_happened() -> None:
    state = opened(chained("r1", everything())).state
    assert dict(state.decisions) == {"allow": 1, "deny": 1, "escalate": 1}
    assert (state.turns, state.held, state.debates, state.panels) == (3, 2, 1, 1)
    assert (state.alarms, state.guard_failures, state.coverage.bypassed) == (3, 1, 1)
    assert state.waiting == () and state.closed == "failed"
    assert state.cost_usd == pytest.approx(0.0063)
    ada, bob = ({h.auditor: h for h in state.health}[name] for name in ("ada", "bob"))
    assert (ada.on_held, ada.cleared) == (1, 0)
    assert (bob.on_held, bob.cleared, bob.canaries, bob.missed) == (1, 1, 1, 1)
    assert (bob.crossed, bob.objected) == (1, 1)


def test_a_request_waits_until_it_is_answered() -> None:
    facts = everything()
    track = opened(chained("r1", facts))
    asked = next(n for n, fact in enumerate(facts) if fact.kind == "approval_requested")
    assert [w.request.id for w in track.state_at(asked).waiting] == ["q2"]
    assert [w.voted for w in track.state_at(asked + 1).waiting] == [("tidy the build folder",)]
    assert track.state_at(asked + 2).waiting == ()


def test_a_case_gathers_what_was_said_of_an_action() -> None:
    facts = everything()
    track = opened(chained("r1", facts))
    for seq, fact in enumerate(facts):
        if fact.kind in ("debate_opened", "panel_settled", "cross_audited", "decided"):
            case = track.case(seq)
            assert case and case.action and case.decision
    case = track.case(next(n for n, f in enumerate(facts) if f.kind == "debate_opened"))
    assert case and case.debate and case.debate.closed and len(case.debate.answers) == 2
    assert case.told == "deny (no-irreversible-harm)" and len(case.verdicts) == 3
    assert case.clause.startswith("Do not")
    waited = track.case(next(n for n, f in enumerate(facts) if f.kind == "approval_requested"))
    assert waited and waited.settled is Outcome.DENY and waited.approval


def test_a_missing_or_changed_event_is_told_and_the_rest_is_shown() -> None:
    stored = chained("r1", long_run(60))
    missing = opened([*stored[:20], *stored[21:]])
    assert (missing.broken_at, len(missing)) == (20, 60)
    assert "no event 20" in missing.problem and missing.state.unreadable == 1
    assert missing.row(20).kind == "unreadable" and missing.row(19).is_verified
    assert not missing.row(21).is_verified and missing.row(21).kind == stored[21].kind
    changed = stored[30]._replace(body=stored[30].body.replace(b"ls", b"rm"))
    broken = opened([*stored[:30], changed, *stored[31:]])
    assert (broken.broken_at, len(broken)) == (30, 60) and "hash" in broken.problem
    damaged = stored[30]._replace(body=b"{")
    assert opened([*stored[:30], damaged, *stored[31:]]).state.unreadable == 1


def test_an_end_that_is_cut_off_is_told() -> None:
    stored = chained("r1", long_run(60))

    class Cut(RecordedFeed):
        def count(self, run: str) -> int:
            return 75

    track = Track(Cut("here", {"r1": stored}), "r1")
    play_back(track)
    assert track.broken_at == 60 and "75 events were recorded, 60 are there" in track.problem


def test_marks_lead_from_one_flag_to_the_next() -> None:
    facts = everything()
    track = opened(chained("r1", facts))
    kinds = [facts[seq].kind for seq in _all(track, Mark.FLAG)]
    assert kinds[:2] == ["decided", "decided"] and "bypass_seen" in kinds
    assert [facts[seq].kind for seq in _all(track, Mark.DEBATE)] == [
        "debate_opened", "debate_answered", "debate_answered", "debate_closed",
    ]  # fmt: skip
    assert track.find(Mark.DEBATE, 0, forward=False) is None


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("kind:verdict score>0.8", {"verdict_given"}),
        ("kind:verdict auditor:ada", {"verdict_given"}),
        ("is:denied", {"decided", "approval_answered"}),
        ("word:deny -kind:approval", {"decided"}),
        ("is:alarm kind:bypass", {"bypass_seen"}),
        ("kind:debate !word:answer", {"debate_opened", "debate_closed"}),
    ],
)
def test_a_filter_chooses_lines(text: str, kinds: set[str]) -> None:
    track = opened(chained("r1", everything()))
    chosen = parse_filter(text)
    assert {row.kind for row in track.rows(0, 999) if chosen.test(row)} == kinds


@pytest.mark.parametrize("text", ["colour:red", "score>high", "is:odd", '"open'])
def test_a_filter_that_is_not_understood_says_so(text: str) -> None:
    with pytest.raises(ValueError, match=r"no field|not a number|nothing is|not closed"):
        parse_filter(text)


@given(st.text(max_size=60))
def test_no_filter_text_crashes(text: str) -> None:
    try:
        chosen = parse_filter(text)
    except ValueError:
        return
    event = EVENT.validate_json(chained("r1", [OPENED])[0].body)
    assert chosen.test(row_of(event)) in (True, False)


def test_a_recorded_run_cannot_be_answered() -> None:
    from orchestrator.errors import ApprovalError

    with pytest.raises(ApprovalError):
        feed_of(OPENED).answer("r1", "q", "approve", "", None)


def _all(track: Track, mark: Mark) -> list[int]:
    found, seq = [], -1
    while (place := track.find(mark, seq, forward=True)) is not None:
        found.append(place)
        seq = place
    return found
