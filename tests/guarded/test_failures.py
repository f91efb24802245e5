"""What happens where the guard itself fails beside the turn that a host waits for."""

from __future__ import annotations

import pytest

from orchestrator.config import Config
from orchestrator.domain.action import Action, Turn
from orchestrator.domain.decision import Outcome
from orchestrator.domain.verdict import Abstained, Hit
from orchestrator.errors import ConfigError
from orchestrator.guard import Guard
from tests.guarded.doubles import FakeAuditor, FakeRules, kinds, make_run

pytestmark = pytest.mark.anyio


async def test_a_failure_of_the_guard_denies_in_a_replay_too_and_the_rest_is_judged() -> None:
    failing = [True]

    def broken_once(action: Action) -> list[Hit]:
        if failing.pop() if failing else False:
            raise RuntimeError("a bug")
        return []

    run, log = make_run(FakeRules(broken_once), mode="replay")
    async with run:
        outcomes = [
            (await run.replay_turn(Turn(index=n, actions=(Action(id=f"a{n}", tool="t"),))))
            .decisions[0]
            .decision
            for n in range(2)
        ]
    assert outcomes == [Outcome.DENY, Outcome.ALLOW]
    assert "guard_failed" in kinds(log)


async def test_words_of_the_user_are_recorded_even_if_an_auditor_chokes_on_them() -> None:
    class Choking(FakeAuditor):
        def hear(self, text: str) -> None:
            raise RuntimeError("too much")

    run, log = make_run(auditors=[Choking("c", Abstained(why="-"))])
    async with run:
        await run.user_message("go on")
    assert kinds(log)[1:3] == ["user_said", "guard_failed"]


async def test_a_pattern_of_ones_own_that_cannot_be_read_is_one_sentence() -> None:
    with pytest.raises(ConfigError, match=r"extra_secrets: '\(a' is no pattern"):
        Guard(Config.model_validate({"privacy": {"extra_secrets": ["(a"]}}))
