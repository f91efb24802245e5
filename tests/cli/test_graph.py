"""`crossaudit graph` on recorded runs: the table, the formats, the page, and what people undo."""

from __future__ import annotations

import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as Xml

import anyio
import numpy as np
import pytest

from orchestrator.cli.graph.picture import (
    COLUMN,
    FONT,
    ROW,
    draw_bipartite,
    draw_matrix,
)
from orchestrator.cli.plain import width
from orchestrator.cli.program import run_program
from orchestrator.collusion.findings import NOT_INTENT, PATTERNS
from orchestrator.collusion.simulation.course import Simulator
from orchestrator.collusion.simulation.population import Scenario
from orchestrator.guard import Guard
from orchestrator.oversight.approvals import TOKEN_VARIABLE
from orchestrator.replay.graph import read_scene
from tests.audits.doubles import TASK, TOOLS, Script, auditor, look_up, mail, settings, stamp

HOSTILE = '</title><script>alert(1)</script>"\x1b[2J\u202e&#'
SVG = "{http://www.w3.org/2000/svg}"
LETTER = 7.25
"""Advance of a 12 px fixed-width letter."""


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("graph")

    async def work() -> None:
        models = [
            auditor("stamper", Script("alpha", stamp)),
            auditor("careful", Script("beta", look_up)),
            auditor("<b>bold</b>", Script("gamma", look_up)),
        ]
        guard = Guard(settings(canary_rate=1.0), folder / "l.db", auditors=[], models=models)
        async with guard:
            for agent in ("clerk", HOSTILE):
                async with guard.run(agent, task=TASK, tools=TOOLS) as run:
                    for number in range(12):
                        await run.review([mail(number)])
                        await run.observe(f"c{number}", "sent")

    anyio.run(work)
    return str(folder / "l.db")


def say(capsys: pytest.CaptureFixture[str], *args: str, code: int = 0) -> str:
    assert run_program(["graph", *args]) == code
    said = capsys.readouterr()
    return said.out if code == 0 else said.err


def test_the_table_names_the_stamper_and_every_pattern(
    ledger: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = say(capsys, "--ledger", ledger)
    (line,) = [line for line in said.splitlines() if line.startswith("P1 ")]
    assert "ALARM" in line and "stamper" in line and "canaries" in line
    assert all(re.search(rf"^\s*{pattern} ", said, re.M) for pattern in PATTERNS)
    assert NOT_INTENT in said and "\x1b" not in said and "\u202e" not in said
    assert said == say(capsys, "findings", "--ledger", ledger)


def test_json_has_events_that_exist_and_runs_can_be_chosen(
    ledger: str, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = json.loads(say(capsys, "--json", "--ledger", ledger))
    assert whole["version"] == 1 and whole["runs"] == 2 and whole["agents"] == ["clerk", HOSTILE]
    (alarm,) = [one for one in whole["findings"] if one["status"] == "alarm"]
    assert alarm["id"] == "P1:stamper" and alarm["e_value"] >= 60 and alarm["note"] == NOT_INTENT
    run, _, number = alarm["events"][0].partition(":")
    assert number.isdigit()
    part = json.loads(say(capsys, run, "--json", "--ledger", ledger))
    assert part["runs"] == 1 and part["votes"] < whole["votes"]
    assert "no run" in say(capsys, "nosuchrun", "--ledger", ledger, code=1)
    assert "exclude" in say(capsys, "--json", "--dot", "--ledger", ledger, code=2)


def test_explain_tells_events_refutation_and_that_it_is_no_intent(
    ledger: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = say(capsys, "explain", "P1:stamper", "--ledger", ledger)
    assert "on a known-bad canary" in said and "refuted by" in said and NOT_INTENT in said
    bound = re.search(r"chance of at most (\S+)", said)
    assert bound and float(bound[1]) <= 0.05
    assert "no finding" in say(capsys, "explain", "P1:careful", "--ledger", ledger, code=1)


def test_dot_and_graphml_hold_every_node_and_no_control_character(
    ledger: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = Xml.fromstring(say(capsys, "--graphml", "--ledger", ledger))
    nodes = [node.get("id") for node in tree.iter("{http://graphml.graphdrawing.org/xmlns}node")]
    assert {"auditor:stamper", "agent:clerk", "vendor:alpha"} <= set(nodes)
    dot = say(capsys, "--dot", "--ledger", ledger)
    assert dot.startswith("digraph") and "\x1b" not in dot and '\\"' in dot
    assert re.search(r'"auditor:stamper" -> "agent:clerk" \[label="\d+ votes, 0 against"\]', dot)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.given: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.given += attrs


def test_the_page_stands_alone_and_hostile_names_stay_text(
    ledger: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    say(capsys, "--html", str(tmp_path / "g.html"), "--ledger", ledger)
    page = (tmp_path / "g.html").read_text("utf-8")
    parser = Tags()
    parser.feed(page)
    assert "script" not in parser.tags and "b" not in parser.tags
    assert not {"src", "href", "onload", "onerror"} & {name for name, _ in parser.given}
    assert parser.tags.count("svg") == 2 and NOT_INTENT in page
    assert "\x1b" not in page and "\u202e" not in page and "&lt;b&gt;bold" in page


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (20, 50), (70, 5)])
def test_no_two_names_of_a_picture_overlap_and_all_lie_inside(size: tuple[int, int]) -> None:
    auditors, agents = size
    scenario = Scenario(plant="stamper", size=0.9, auditors=auditors, agents=agents,
                        panel=min(3, auditors))  # fmt: skip
    simulator = Simulator(scenario, 1)
    for _ in range(400):
        for vote in simulator._judge():
            simulator.engine.take(vote)
    state = simulator.engine.state
    scene = read_scene(state, frozenset({"auditor-0"}))
    assert len(scene.auditors) == min(auditors, 60) and len(scene.agents) == min(agents, 60)
    assert scene.left_out == max(0, auditors - 60) + max(0, agents - 60)
    for svg in (draw_bipartite(scene), draw_matrix(scene)):
        tree = Xml.fromstring(svg)
        wide, high = float(tree.get("width", 0)), float(tree.get("height", 0))
        boxes = [box for text in tree.iter(f"{SVG}text") if (box := read_box(text))]
        for left, top, right, bottom in boxes:
            assert left >= 0 and top >= 0 and right <= wide and bottom <= high
        for one, other in itertools.combinations(boxes, 2):
            apart = one[2] <= other[0] or other[2] <= one[0]
            assert apart or one[3] <= other[1] or other[3] <= one[1]
    turned = [text for text in Xml.fromstring(draw_matrix(scene)).iter(f"{SVG}text")
              if text.get("transform")]  # fmt: skip
    assert len(turned) == len(scene.agents)
    for text in turned:  # at 60 degrees, lines a column apart are this far from each other
        assert COLUMN * np.sin(np.pi / 3) > FONT * 1.2
        reach = int(text.get("data-cells", 0)) * LETTER
        assert float(text.get("y", 0)) - reach * np.sin(np.pi / 3) >= 0
        assert float(text.get("x", 0)) + reach * np.cos(np.pi / 3) <= wide
    assert ROW > FONT * 1.2


def read_box(text: Xml.Element) -> tuple[float, float, float, float] | None:
    """Return left, top, right, bottom of a level text."""
    if text.get("transform"):
        return None
    assert width(text.text or "") == int(text.get("data-cells", -1))
    long = int(text.get("data-cells", 0)) * LETTER
    x, base = float(text.get("x", 0)), float(text.get("y", 0))
    left = x - {"start": 0.0, "middle": long / 2, "end": long}[text.get("text-anchor", "start")]
    return left, base - 0.8 * FONT, left + long, base + 0.25 * FONT


def test_only_a_person_restores_and_the_next_run_tells_it(
    ledger: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = say(capsys, "review", "--ledger", ledger)
    assert "stamper" in listed and "P1" in listed
    undo = ("restore", "stamper", "--as", "kim", "--reason", "wrong rubric", "--ledger", ledger)
    assert "needs a terminal" in say(capsys, *undo, code=1)
    monkeypatch.setenv("CROSSAUDIT_RUN", "r")
    assert "guarded run" in say(capsys, *undo, code=1)
    monkeypatch.delenv("CROSSAUDIT_RUN")
    assert run_program(["approvals", "--new-token"]) == 0
    monkeypatch.setenv(TOKEN_VARIABLE, capsys.readouterr().out.strip())
    assert "stamper is no longer" in say(capsys, *undo)
    assert "no step" in say(capsys, "review", "--ledger", ledger)
    assert "no step" in say(capsys, *undo, code=1)


def test_review_of_an_auditor_lists_rulings_or_says_there_are_none(
    ledger: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no ruling on record hung on" in say(capsys, "review", "nobody", "--ledger", ledger)
    rows = say(capsys, "review", "stamper", "--json", "--ledger", ledger).splitlines()
    for row in rows:
        if row.startswith("{"):
            assert json.loads(row)["end"] != json.loads(row)["end_without"]
