"""The collusion graph on the screen: what is chosen, what stands behind it, and where it leads."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from orchestrator.collusion.observations import Closed, Node, SwapPair, Vote
from orchestrator.domain.event import EVENT, AuditorSanctioned
from orchestrator.domain.panel import Sanction
from orchestrator.replay.graph import (
    NOT_INTENT,
    PATTERNS,
    Behind,
    Graph,
    Interval,
    Pair,
    name_finding,
    read_graph,
)
from orchestrator.replay.observing import Observed
from orchestrator.replay.projection import row_of
from tests.tui.recorded import chained, everything, feed_of
from tests.tui.test_app import settle, shown, text_of
from tests.tui.test_snapshots import demo
from tui import collusion
from tui.app import CockpitApp
from tui.views.chosen import describe
from tui.views.collusion import write_behind, write_head, write_lines
from tui.widgets.sheet import Goal, Line, Sheet


@pytest.fixture
def anyio_backend() -> str:
    """Textual runs on asyncio alone."""
    return "asyncio"


def graph_of(auditors: list[str], agents: list[str], items: int = 12) -> Graph:
    """Return a graph in which the first auditor lets everything pass."""
    observed = Observed()
    for name in agents:
        observed.engine.take(Node(name, False))
    for number in range(items):
        for agent in agents:
            item = f"{agent}/{number}"
            for place, auditor in enumerate(auditors):
                rejects = place > 0
                vote = Vote(number, item, auditor, agent, rejects, place, canary=True, truth=True)
                observed.engine.take(vote)
            observed.engine.take(Closed(item))
    observed.engine.take(SwapPair(1, "label", auditors[0], agents[0], True, False))
    step = Sanction(auditor=auditors[0], step="replaced", pattern="P1", members=(auditors[0],),
                    status="alarm", e_value=400.0, about=agents[0])  # fmt: skip
    other = step.model_copy(update={"about": agents[-1] + "!", "step": "watched"})
    facts = [
        AuditorSanctioned(sanction=step),
        AuditorSanctioned(sanction=other, restored_by=auditors[-1], reason=agents[0]),
    ]
    return read_graph(observed, facts)


def goals(lines: list[Line]) -> list[Goal]:
    return [piece.goal for line in lines for piece in line.pieces if piece.goal]


def plain(lines: list[Line]) -> str:
    return "\n".join("".join(piece.text for piece in line.pieces) for line in lines)


@pytest.mark.parametrize("is_matrix", [True, False])
def test_both_views_hold_every_pair_finding_and_step(is_matrix: bool) -> None:
    auditors, agents = [f"auditor-{n}" for n in range(5)], ["clerk", "cook", "guide"]
    graph = graph_of(auditors, agents)
    lines = write_lines(graph, is_matrix, 100)
    found, text = goals(lines), plain(lines)
    assert {goal[1] for goal in found if goal[0] == "pair"} == {
        (auditor, agent) for auditor in auditors for agent in agents
    }
    pairs = {frozenset(goal[1]) for goal in found if goal[0] == "both"}
    assert len(pairs) == 10
    assert {goal[1][0] for goal in found if goal[0] == "finding"} == {
        name_finding(one) for one in graph.findings
    }
    assert {one.pattern for one in graph.findings} == set(PATTERNS)
    for one in graph.findings:
        if one.status == "not identified":
            assert one.says[:60] in text
    assert "! ALARM" in text and "P1  rubber stamp" in text
    assert "▲ replaced" in text and "in runs of clerk" in text
    assert "↺ was watched" in text and "reversed by auditor-4: clerk" in text
    assert NOT_INTENT in write_head(graph, "").plain and NOT_INTENT in write_head(None, "").plain


def test_a_list_begins_with_what_is_unusual_and_marks_it_without_colour() -> None:
    graph = graph_of(["a", "b", "c"], ["x", "y"])
    pairs = [goal[1] for goal in goals(write_lines(graph, False, 80)) if goal[0] == "pair"]
    assert {auditor for auditor, _ in pairs[:2]} == {"a"}
    odd, strict = (
        Pair(9, 2.5, Interval(0.6, 0.3, 0.9, 7)),
        Pair(9, 0, Interval(-0.6, -0.9, -0.3, 7)),
    )
    changed = [*graph.scene.pairs[:2], [odd, strict]]
    graph = graph._replace(scene=graph.scene._replace(pairs=changed))
    lines = [
        line for line in write_lines(graph, False, 80)
        if any(goal[0] == "pair" for goal in goals([line]))
    ]  # fmt: skip
    assert plain(lines[:1]).startswith(" ▓+0.60▲ c ") and "[+0.30 +0.90] n 7" in plain(lines[:1])
    assert plain(lines[-1:]).startswith(" ▓-0.60▼ c ")


def test_what_is_chosen_is_told_with_interval_and_n() -> None:
    graph = graph_of(["a", "b", "c"], ["x", "y"])
    pair = describe(graph, ("pair", ("a", "x"))).plain
    share = graph.scene.pairs[0][0].share
    assert share and f"{share.value:+.2f} [{share.low:+.2f} {share.high:+.2f}] n 12" in pair
    assert (
        "swap tests +1.00" in pair and "no swap test" in describe(graph, ("pair", ("b", "x"))).plain
    )
    both = describe(graph, ("both", ("b", "c"))).plain
    assert "n 24" in both and "not known yet" in both
    finding = describe(graph, ("finding", ("P1:a",))).plain
    assert "ALARM" in finding and "e-value" in finding and "canaries" in finding
    assert "refuted by" in finding
    missing = describe(graph, ("finding", ("P6",))).plain
    assert "not identified" in missing and "false earlier vote" in missing
    assert "e-value 400" in describe(graph, ("step", ("a", "", "x"))).plain
    assert describe(graph, None).plain == "" == describe(None, ("pair", ("a", "x"))).plain


def test_names_that_begin_alike_are_told_apart_by_their_ends() -> None:
    auditors = [f"reviewer-of-payments-{end}" for end in ("north", "south", "east", "west", "up")]
    lines = write_lines(graph_of(auditors, ["x"], 2), True, 80)
    heads = [line for line in lines if line.fixed and not goals([line])]
    assert all(end in plain(heads[:1]) for end in ("north", "south", "east", "west", "up"))


async def choose(pilot: Pilot[None], app: CockpitApp, kind: str) -> Goal:
    sheet = app.collusion_pane.sheet
    await settle(pilot, lambda: sheet.goal is not None)
    for _ in range(60):
        if sheet.goal and sheet.goal[0] == kind:
            return sheet.goal
        await pilot.press("j")
    pytest.fail(f"no {kind} can be reached")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 50)])
@pytest.mark.parametrize("kind", ["finding", "step", "pair", "both"])
async def test_enter_lists_the_verdicts_and_goes_to_one(size: tuple[int, int], kind: str) -> None:
    app = demo()
    async with shown(app, size) as pilot:
        await pilot.press("6")
        goal = await choose(pilot, app, kind)
        pane, sheet = app.collusion_pane, app.collusion_pane.sheet
        await pilot.press("enter")
        await settle(pilot, lambda: sheet.goal is not None and sheet.goal[0] == "event")
        assert pane.opened and pane.opened.goal == goal and NOT_INTENT in text_of(app)
        await pilot.press("escape")
        await pilot.pause(0.1)
        assert sheet.goal == goal, "back where one was"
        await pilot.press("enter")
        await settle(pilot, lambda: sheet.goal is not None and sheet.goal[0] == "event")
        await pilot.press("j", "enter")
        await pilot.pause(0.1)
        assert pane.opened and app.pane == "timeline"
        names = [(one.run, one.row.seq) for one in pane.opened.events]
        assert app.track and (app.track.run, app.timeline.seq) == names[1]
        await pilot.press("escape", "6", "escape", "escape")
        assert app.pane == "timeline" and pane.opened is None


async def test_a_key_changes_between_matrix_and_lines() -> None:
    app = demo()
    async with shown(app) as pilot:
        await pilot.press("m")
        sheet = app.collusion_pane.sheet
        await settle(pilot, lambda: sheet.goal is not None)
        assert app.pane == "collusion" and "one line a pair" in plain(list(sheet.lines))
        goal = await choose(pilot, app, "pair")
        await pilot.press("m")
        await pilot.pause(0.2)
        assert "agents by auditors" in plain(list(sheet.lines)) and sheet.goal == goal
        before = sheet.column
        await pilot.press("h" if before else "l")
        assert sheet.column != before and sheet.goal != goal and sheet.goal


async def test_in_a_replay_the_graph_follows_the_chosen_event() -> None:
    app = demo()
    async with shown(app) as pilot:
        await pilot.press("6")
        await settle(pilot, lambda: app.collusion.graph is not None)
        whole = app.collusion.graph
        app.timeline.choose(40)
        await settle(pilot, lambda: app.collusion.graph is not whole)
        await pilot.pause(0.1)
        early = app.collusion.graph
        assert whole and early and early.votes < whole.votes
        assert "up to event" in text_of(app)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_while_it_is_read_the_graph_shows_what_is_known_so_far(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collusion, "SLICE_SECONDS", 1e-9)
    monkeypatch.setattr(collusion, "IDLE", 1e-9)  # an event a look, and a look a second
    app = demo()
    async with shown(app, size) as pilot:
        app.timeline.choose(70)
        await pilot.press("6")
        await settle(pilot, lambda: "still reading" in text_of(app))
        monkeypatch.undo()  # from the next look on, as always
        await settle(
            pilot, lambda: app.collusion.graph is not None and app.collusion.graph.is_whole
        )
        await pilot.pause(0.1)
        assert "up to event" in text_of(app) and "still reading" not in text_of(app)


async def test_nothing_is_computed_before_anybody_looks() -> None:
    app = demo()
    async with shown(app) as pilot:
        await pilot.pause(0.5)
        assert app.collusion.graph is None
        await pilot.press("6")
        await settle(pilot, lambda: app.collusion.graph is not None)
        await pilot.press("1")
        seen = app.collusion.graph
        app.timeline.choose(30)
        await pilot.pause(0.6)
        assert app.collusion.graph is seen


async def test_a_run_without_votes_says_what_could_not_be_tested() -> None:
    app = CockpitApp(feed_of(everything()[0]))
    async with shown(app) as pilot:
        await pilot.press("6")
        await settle(pilot, lambda: app.collusion.graph is not None)
        await pilot.pause(0.2)
        assert "no vote yet" in text_of(app) and "Not identified" in text_of(app)
        await pilot.press("enter")
        await pilot.pause(0.3)
        assert "keeps no event" in text_of(app)


async def test_a_wide_matrix_scrolls_under_the_names() -> None:
    app = demo()
    async with shown(app, (120, 40)) as pilot:
        await pilot.press("6")
        await settle(pilot, lambda: app.collusion.graph is not None)
        app.collusion.want(False)
        await pilot.pause(0.5)
        names = [f"auditor-{n}" for n in range(30)]
        app.collusion_pane.show(graph_of(names, ["clerk"], 2), "")
        sheet = app.collusion_pane.sheet
        while sheet.goal and sheet.goal[0] != "pair":
            await pilot.press("j")
        await pilot.press(*["l"] * 40)
        assert sheet.goal == ("pair", ("auditor-29", "clerk"))
        line = sheet.render_line(sheet.place - sheet.scroll_offset.y).text
        assert line.startswith(" clerk") and line.rstrip()[-5:] == line.rstrip()[-5:].strip()
        assert any(digit.isdigit() for digit in line.rstrip()[-5:])


def test_events_behind_are_listed_with_what_was_made_of_them() -> None:
    event = row_of(EVENT.validate_json(chained("r1", everything())[5].body))
    graph = graph_of(["a", "b"], ["x"])
    lines = write_behind(graph, ("pair", ("a", "x")), [Behind("r1", event, "leniency +0.5")], 80)
    assert goals(lines) == [("event", ("r1", str(event.seq)))]
    assert "leniency +0.5" in plain(lines) and "1 event" in plain(lines)


def test_a_sheet_without_lines_has_no_choice() -> None:
    sheet = Sheet("empty")
    assert sheet.goal is None and not sheet.lines
