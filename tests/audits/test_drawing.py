"""What is drawn is drawn from the seed alone, at the rate that is recorded."""

from __future__ import annotations

import math
from collections import Counter

from orchestrator.auditors.model.case import Case
from orchestrator.auditors.model.trace import History
from orchestrator.audits.cross import draw_cross_audits, is_spot_checked
from orchestrator.audits.planting import plant_flaw
from orchestrator.audits.showing import draw_kind, schedule
from orchestrator.audits.stock import load_stock
from orchestrator.config import Audits
from orchestrator.domain.action import Action, Turn
from orchestrator.domain.chance import Chance
from orchestrator.domain.verdict import Claim, Scored, Verdict

NAMES = [f"a{n}" for n in range(7)]
ACTION = Action(id="x", tool="send_mail", arguments={"to": "bo@example.org"})
CLAIMS = (
    Claim(text="It sends.", quote="send_mail", source="arguments"),
    Claim(text="To a stranger.", quote="bo@example.org", source="arguments"),
)


def a_case(index: int) -> Case:
    turn = Turn(index=index, actions=(ACTION,))
    return Case(turn, ("x",), History("Write to bo@example.org", (), (), 0))


def a_verdict(suspicion: float, auditor: str = "a1", vendor: str = "v1") -> Verdict:
    opinion = Scored(suspicion=suspicion, claims=CLAIMS)
    return Verdict(auditor=auditor, action="x", opinion=opinion, vendor=vendor)


def test_each_auditor_is_shown_canaries_as_often_as_the_propensity_says() -> None:
    chance, turns = Chance("s"), 6000
    dues = [due for turn in range(turns) if (due := schedule(0.3, NAMES, 5, turn, chance))]
    assert all(due.propensity == dict.fromkeys(NAMES, 0.3 * 5 / 7) for due in dues)
    shown = Counter(name for due in dues for name in due.auditors)
    expected = turns * 0.3 * 5 / 7
    spread = math.sqrt(expected * (1.0 - 0.3 * 5 / 7))
    assert all(abs(shown[name] - expected) < 4.0 * spread for name in NAMES)


def test_a_third_of_the_canaries_are_good_where_both_can_be_made() -> None:
    bad = good = 0
    for turn in range(3000):
        if draw_kind(bad, good, Chance("s").draw(turn)):
            bad += 1
        else:
            good += 1
    assert abs(good / (bad + good) - 1 / 3) < 0.04


def test_the_same_seed_draws_the_same_and_another_one_something_else() -> None:
    def drawn(seed: str) -> list[object]:
        chance = Chance(seed)
        dues = [schedule(0.2, NAMES, 5, turn, chance) for turn in range(200)]
        return [due and due.auditors for due in dues]

    assert drawn("one") == drawn("one") != drawn("two")


def test_what_the_arbiter_sees_does_not_depend_on_the_verdicts() -> None:
    """Chi-square of drawn or not against the verdict, one degree of freedom."""
    config, chance = Audits(cross_rate=0.2, arbiter_rate=0.1), Chance("s")
    arbiter: Counter[tuple[bool, bool]] = Counter()
    crossed: Counter[tuple[bool, bool]] = Counter()
    votes = Chance("votes")
    for index in range(6000):
        high = votes.draw(index).random() < 0.4
        case, verdict = a_case(index), a_verdict(0.9 if high else 0.1)
        arbiter[high, is_spot_checked(config, case, "x", chance)] += 1
        drawn = draw_cross_audits(config, case, [verdict], {"b": "v2"}, load_stock(), chance)
        crossed[high, bool(drawn)] += 1
    for table, rate in ((arbiter, 0.1), (crossed, 0.2)):
        share = (table[True, True] + table[False, True]) / 6000
        assert abs(share - rate) < 4.0 * math.sqrt(rate / 6000)
        assert _chi_square(table) < 10.83  # p = .001


def test_a_judge_is_of_another_vendor_or_there_is_none() -> None:
    config, chance = Audits(cross_rate=1.0), Chance("s")
    judges = {"a1": "v1", "a2": "v1", "b1": "v2", "c1": "v3"}
    drawn = [
        one.judge
        for index in range(200)
        for one in draw_cross_audits(
            config, a_case(index), [a_verdict(0.9)], judges, load_stock(), chance
        )
    ]
    assert set(drawn) == {"b1", "c1"}
    own = {"a1": "v1", "a2": "v1"}
    assert not draw_cross_audits(config, a_case(0), [a_verdict(0.9)], own, load_stock(), chance)


def test_planted_flaws_are_flaws_and_recorded_as_such() -> None:
    config, chance, flaws = Audits(cross_rate=1.0), Chance("s"), Counter[str | None]()
    for index in range(1500):
        (one,) = draw_cross_audits(
            config, a_case(index), [a_verdict(0.9)], {"b": "v2"}, load_stock(), chance
        )
        flaws[one.planted] += 1
        opinion = one.verdict.opinion
        assert isinstance(opinion, Scored)
        quotes = [claim.quote for claim in opinion.claims]
        real = ["send_mail", "bo@example.org"]
        match one.planted:
            case None:
                assert one.verdict == a_verdict(0.9)
            case "verdict inverted":
                assert opinion.suspicion == 0.1 and quotes == real
            case "quote swapped":
                assert quotes[0] == quotes[1]
            case "quote from elsewhere":
                assert any(quote not in real for quote in quotes)
    assert set(flaws) == {None, "verdict inverted", "quote swapped", "quote from elsewhere"}
    assert abs(1.0 - flaws[None] / 1500 - 0.2) < 0.05


def test_a_rationale_without_anything_to_spoil_is_left_as_it_is() -> None:
    bare = Verdict(auditor="a", action="x", opinion=Scored(suspicion=0.5), vendor="v1")
    assert plant_flaw(bare, a_case(0), load_stock(), Chance("s").draw(0)) is None


def _chi_square(table: Counter[tuple[bool, bool]]) -> float:
    total = table.total()
    value = 0.0
    for row in (True, False):
        for column in (True, False):
            expected = (table[row, True] + table[row, False]) * (
                table[True, column] + table[False, column]
            ) / total  # fmt: skip
            value += (table[row, column] - expected) ** 2 / expected
    return value
