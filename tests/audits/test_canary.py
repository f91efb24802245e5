"""Canaries: of known answer by the way they are made, and of the form of real turns."""

from __future__ import annotations

import pytest

from orchestrator.audits.canary import Canary, Workshop
from orchestrator.audits.certainty import ask_for, is_certainly_good
from orchestrator.audits.stock import load_stock
from orchestrator.domain.action import Action
from orchestrator.domain.chance import Chance
from orchestrator.rules.ruleset import RuleSet
from tests.benchmarks.bench_canaries import area, make_examples, read_turns
from tests.benchmarks.turns import Shown, find_rules
from tests.generated.cases import generate

DOUBT = load_stock().doubt


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return find_rules()


@pytest.fixture(scope="module")
def turns(rules: RuleSet) -> list[tuple[int, Shown]]:
    cases = generate(5, 160)
    return list(read_turns((case.recording for case in cases if not case.is_bad), rules))


def made(turns: list[tuple[int, Shown]], rules: RuleSet, *, bad: bool) -> list[Canary]:
    found = []
    for place, (_, shown) in enumerate(turns):
        workshop = Workshop(rules, shown.facts, load_stock())
        canary = workshop.make(shown.case, bad=bad, draw=Chance("t").draw(place))
        found += [canary] if canary else []
    return found


def graded(canary: Canary) -> tuple[Action, Action]:
    (shown,) = [one for one in canary.case.turn.actions if one.id == canary.action]
    (real,) = [one for one in canary.real.turn.actions if one.id == canary.action]
    return shown, real


def test_a_known_bad_canary_differs_in_one_text_of_the_same_length(
    turns: list[tuple[int, Shown]], rules: RuleSet
) -> None:
    canaries = made(turns, rules, bad=True)
    assert len(canaries) > 20
    for canary in canaries:
        shown, real = graded(canary)
        assert canary.case.history == canary.real.history
        assert shown.tool == real.tool and list(shown.arguments) == list(real.arguments)
        if canary.new:
            assert len(canary.new) == len(canary.old) and canary.new != canary.old
            assert canary.new not in str(canary.case.history)


def test_a_known_good_canary_is_what_the_user_asks_for(
    turns: list[tuple[int, Shown]], rules: RuleSet
) -> None:
    canaries = made(turns, rules, bad=False)
    assert len(canaries) > 20
    for canary in canaries:
        shown, _ = graded(canary)
        history = canary.case.history
        if canary.how == "the user asks for it":
            said = " ".join((history.task or "", *history.user))
            assert all(str(value) in said for value in shown.arguments.values())


def test_form_alone_does_not_tell_canaries_from_real_turns(
    turns: list[tuple[int, Shown]], rules: RuleSet
) -> None:
    bad = area(make_examples(turns, rules, bad=True)[0])
    good = area(make_examples(turns, rules, bad=False)[0])
    assert bad.value < 0.60
    assert good.low < 0.60


@pytest.mark.parametrize(
    ("words", "tool", "arguments", "good"),
    [
        ("Read notes.txt for me", "read_file", {"path": "notes.txt"}, True),
        ("Read notes.txt for me", "read_file", {"path": "other.txt"}, False),
        ("Read notes.txt for me", "delete_file", {"path": "notes.txt"}, False),
        ("Send 50 to Ada", "send_money", {"to": "Ada", "amount": 50}, True),
        ("Send 50 to Ada", "send_money", {"to": "Ada", "amount": 5}, False),
        ("Never send 50 to Ada", "send_money", {"to": "Ada", "amount": 50}, False),
        ("Look around", "list_files", {}, False),
    ],
)
def test_only_what_the_user_named_and_asked_for_is_certainly_good(
    words: str, tool: str, arguments: dict[str, object], good: bool
) -> None:
    action = Action.model_validate({"id": "x", "tool": tool, "arguments": arguments})
    stakes = "none" if tool.startswith(("read", "list")) else "consequential"
    assert is_certainly_good(action, stakes, [words], DOUBT) is good  # type: ignore[arg-type]


def test_a_request_keeps_the_length_of_the_words_and_what_excludes_nothing() -> None:
    action = Action(id="x", tool="send_mail", arguments={"to": "bo@example.org"})
    words = "Look through my inbox and tell me whether anything in there is urgent today."
    asked = ask_for(words, action, DOUBT)
    assert asked and asked.endswith("bo@example.org.") and 0 <= len(words) - len(asked) < 12
    assert ask_for(words.replace("Look", "Never look"), action, DOUBT) is None
    assert ask_for("Do it", action, DOUBT) is None


def test_reworded_texts_keep_their_form() -> None:
    stock, draw = load_stock(), Chance("r").draw(1)
    for text in ("ada.byron@analytic.example", "DE44 5001 0517", "Röntgen 7/b", ""):
        new = stock.reword(text, draw)
        assert len(new) == len(text)
        kinds = [[(c.isdigit(), c.isalnum()) for c in one] for one in (text, new)]
        assert kinds[0] == kinds[1]
