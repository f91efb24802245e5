"""Run the demo: the scripted agent, the guard, the tools, and a scripted person who answers."""

from __future__ import annotations

from pathlib import Path

import anyio

from orchestrator.cli.demo.auditors import choose_auditors, is_scripted
from orchestrator.cli.demo.scenario import AGENT, MODEL, STEPS, TASK, Step, furnish, office_tools
from orchestrator.config import Audits, Config
from orchestrator.domain.decision import Request
from orchestrator.domain.event import ApprovalRequested
from orchestrator.guard import Guard, GuardedRun
from orchestrator.integrations.tools import Tool, run_tool
from orchestrator.ledger.inbox import Reply
from orchestrator.ledger.ledger import Ledger

PERSON = "Kim (scripted)"
ASKED_FOR = 240.0
SEED = "s1"
"""Of a run whose auditors are scripted, so that everybody sees the same canaries."""


async def work_through(
    guard: Guard, ledger: Ledger, folder: Path, *, pause: float, answer_after: float
) -> str:
    """Let the agent work in `folder` and return the id of its run.

    `pause` is the seconds between its turns; after `answer_after` seconds of waiting the person
    denies what was escalated, through the same inbox any terminal would use.
    """
    work = furnish(folder)
    tools = office_tools(work)
    schemas = [tool.schema for tool in tools.values()]
    seed = SEED if is_scripted(guard.config) else None
    async with anyio.create_task_group() as tasks:
        await tasks.start(_answer, guard, ledger, answer_after)
        async with guard.run(
            AGENT, model=MODEL, task=TASK, tools=schemas, root=work, seed=seed
        ) as run:
            for number, step in enumerate(STEPS):
                await _take(run, step, number, tools)
                await anyio.sleep(pause)
        tasks.cancel_scope.cancel()
    return run.id


async def _take(run: GuardedRun, step: Step, number: int, tools: dict[str, Tool]) -> None:
    calls = [
        {"id": f"call-{number}-{place}", "tool": tool, "arguments": arguments}
        for place, (tool, arguments) in enumerate(step.calls)
    ]
    review = await run.review(calls, message=step.message, reasoning=step.reasoning or None)
    for decision in review.decisions:
        if decision.arguments is not None:
            output = await run_tool(tools, decision.tool, decision.arguments)
            await run.observe(
                decision.call_id,
                output.content,
                error=output.error,
                arguments=decision.arguments,
            )


async def _answer(
    guard: Guard,
    ledger: Ledger,
    after: float,
    *,
    task_status: anyio.abc.TaskStatus[None],
) -> None:
    async with guard.subscribe() as events:
        task_status.started()
        async for event in events:
            if isinstance(event.fact, ApprovalRequested):
                await anyio.sleep(after)
                request = event.fact.request
                verb, reason = _think(request)
                ledger.send(event.run, request.id, verb, by=PERSON, reason=reason)


def _think(request: Request) -> tuple[Reply, str]:
    """Return what the scripted person answers; real auditors may ask about any step."""
    if request.tool == "write_file":
        return "deny", "the check failed, so the log must not say it passed"
    if request.tool == "pay" and request.arguments.get("amount") != ASKED_FOR:
        return "deny", "one invoice was asked for, not a year"
    return "approve", "that is part of what I asked for"


def demo_config(ledger: str) -> Config:
    """Return the configuration the demo runs under: the default one, with a short deadline and a
    panel of whom all are asked. Scripted auditors, which cost nothing, are graded at every turn.
    """
    config = Config(auditors=choose_auditors())
    panel = {"calling": "all", "audit_rate": 0.0}
    rates = {"canary_rate": 1.0, "cross_rate": 0.0, "arbiter_rate": 0.0, "swap_rate": 0.0}
    return config.model_copy(
        update={
            "audits": Audits(**rates) if is_scripted(config) else config.audits,
            "panel": config.panel.model_copy(update=panel),
            "ledger": config.ledger.model_copy(update={"path": ledger}),
            "approvals": config.approvals.model_copy(update={"deadline_s": 20.0}),
        }
    )
