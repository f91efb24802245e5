"""Guard an agent in any language: JSON lines over its standard output and input.

The format is documented in ARCHITECTURE.md. The agent's output is hostile territory: whatever is
not a turn, or a result of a decided call, is recorded and ends the run.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, NoReturn, TypeAlias

import anyio
from anyio.abc import ByteReceiveStream, ByteSendStream, Process
from anyio.streams.buffered import BufferedByteReceiveStream

from orchestrator.guard import CrossauditError, Guard, GuardedRun, ProtocolError, RunSummary
from orchestrator.integrations.tools import Tool, run_tool

VERSION = 1
MAX_LINE = 16 * 1024 * 1024
GRACE_SECONDS = 2.0

Execute: TypeAlias = Literal["agent", "host"]


class Ended(NamedTuple):
    """How a guarded command ended."""

    run: str
    exit_code: int | None
    """What the command exited with; None when it had to be stopped."""
    terminated: bool
    """Whether the guard stopped the run."""
    summary: RunSummary
    why: str = ""


async def run_command(
    guard: Guard,
    command: Sequence[str],
    *,
    agent: str,
    task: str | None = None,
    tools: Mapping[str, Tool] | Sequence[Mapping[str, Any]] = (),
    execute: Execute = "agent",
    folder: Path | None = None,
    model: str | None = None,
) -> Ended:
    """Run `command` as a guarded agent until it ends, or until the guard ends it.

    With `execute` host, `tools` are run here; else they are only declared. Raises ConfigError,
    PolicyError or StoreError before the command starts, CrossauditError if it cannot be started.
    """
    schemas = [t.schema for t in tools.values()] if isinstance(tools, Mapping) else list(tools)
    runnable = tools if isinstance(tools, Mapping) and execute == "host" else {}
    async with guard.run(agent, model=model, task=task, tools=schemas, root=folder) as run:
        process = await _start(command, run.id, folder)
        async with process:
            try:
                hello = {"type": "hello", "version": VERSION, "run": run.id, "execute": execute}
                hello |= {"task": task} if task is not None else {}
                hello |= {"tools": schemas} if schemas else {}
                conversation = _Conversation(run, process, execute, runnable)
                await conversation.hold(hello)
            except ProtocolError as error:
                await _stop(process)
                return Ended(run.id, process.returncode, True, run.summary(), str(error))
            finally:
                with anyio.CancelScope(shield=True):
                    await _stop(process, grace=GRACE_SECONDS)
            if process.returncode and not run.terminated:
                run.failure = f"the agent exited with {process.returncode}"
        return Ended(run.id, process.returncode, run.terminated, run.summary())


async def _start(command: Sequence[str], run: str, folder: Path | None) -> Process:
    environment = {**os.environ, "CROSSAUDIT_RUN": run}
    try:
        return await anyio.open_process(
            command, stderr=None, env=environment, cwd=folder, start_new_session=True
        )
    except OSError as error:
        raise CrossauditError(f"cannot start {command[0]!r}: {error.strerror}") from None


async def _stop(process: Process, *, grace: float = 0.0) -> None:
    """Wait `grace` seconds for the process to end by itself, then end it and what it started."""
    with anyio.move_on_after(grace):
        await process.wait()
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
        except (ProcessLookupError, PermissionError):
            return
        with anyio.move_on_after(GRACE_SECONDS):
            await process.wait()


class _Conversation:
    """Answer the lines of one agent in order, while reading on."""

    def __init__(
        self, run: GuardedRun, process: Process, execute: Execute, tools: Mapping[str, Tool]
    ) -> None:
        assert process.stdin and process.stdout
        self._run = run
        self._stdin: ByteSendStream = process.stdin
        self._stdout: ByteReceiveStream = process.stdout
        self._execute = execute
        self._tools = tools
        self._decided: set[str] = set()

    async def hold(self, hello: Mapping[str, Any]) -> None:
        """Speak until the agent closes its output or the run is over; ProtocolError if it errs."""
        await self._send(hello)
        send, receive = anyio.create_memory_object_stream[dict[str, Any]](64)
        broken: list[ProtocolError] = []
        async with anyio.create_task_group() as tasks:

            async def read() -> None:
                async with send:
                    try:
                        async for message in self._messages():
                            await send.send(message)
                    except ProtocolError as error:
                        broken.append(error)
                        tasks.cancel_scope.cancel()

            tasks.start_soon(read)
            async with receive:
                async for message in receive:
                    await self._answer(message)
                    if self._run.terminated:
                        tasks.cancel_scope.cancel()
        if broken:
            raise broken[0]

    async def _messages(self) -> AsyncIterator[dict[str, Any]]:
        """Yield well-formed messages; a result must not arrive before its decision was sent.

        What came in one piece is checked before any of it is answered: the agent wrote all of it
        without having seen an answer to the first.
        """
        lines = BufferedByteReceiveStream(self._stdout)
        together: list[dict[str, Any]] = []
        while True:
            line = await self._read_line(lines)
            if line is None:
                return
            message, why = _parse(line)
            if message is not None and message["type"] == "result":
                why = self._objection(message)
            if why or message is None:
                await self._break_off(why or "is empty", line)
            together.append(message)
            if b"\n" not in lines.buffer:
                for one in together:
                    yield one
                together.clear()

    def _objection(self, message: Mapping[str, Any]) -> str | None:
        if self._execute == "host":
            return "is a result, but the host executes the tools of this run"
        if message["call"] not in self._decided:
            return f"is a result of {message['call']!r}, which was not decided yet"
        return None

    async def _read_line(self, lines: BufferedByteReceiveStream) -> bytes | None:
        try:
            return await lines.receive_until(b"\n", MAX_LINE)
        except anyio.IncompleteRead:
            rest = lines.buffer
            return rest if rest.strip() else None
        except anyio.DelimiterNotFound:
            await self._break_off(f"is longer than {MAX_LINE} bytes", lines.buffer[:200])
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
            pass
        return None

    async def _break_off(self, why: str, line: bytes) -> NoReturn:
        text = line.decode("utf-8", "replace").strip()
        await self._run.break_off(why, text)
        raise ProtocolError(f"run {self._run.id}: the agent's line {text[:80]!r} {why}")

    async def _answer(self, message: dict[str, Any]) -> None:
        if message["type"] == "result":
            await self._observe(message)
            return
        review = await self._run.review(
            message["calls"],
            message=message.get("message"),
            reasoning=message.get("reasoning"),
            justification=message.get("justification"),
        )
        answers = []
        for call, decision in zip(message["calls"], review.decisions, strict=True):
            answer: dict[str, Any] = {"id": call["id"], "decision": decision.decision.value}
            if decision.clause:
                answer["clause"] = decision.clause
            if decision.decision.value == "modify":
                answer["arguments"] = decision.arguments
            answers.append(answer)
        self._decided.update(call["id"] for call in message["calls"])
        await self._send({"type": "decision", "turn": message["id"], "calls": answers})
        if self._execute == "host":
            for call, decision in zip(message["calls"], review.decisions, strict=True):
                if decision.arguments is not None and not self._run.terminated:
                    await self._execute_call(call["id"], call["tool"], decision.arguments)

    async def _execute_call(self, call: str, tool: str, arguments: Mapping[str, Any]) -> None:
        output = await run_tool(self._tools, tool, arguments)
        message = {"call": call, "content": output.content, "error": output.error}
        await self._observe(message, arguments)

    async def _observe(
        self, message: Mapping[str, Any], arguments: Mapping[str, Any] | None = None
    ) -> None:
        self._decided.discard(message["call"])
        result = await self._run.observe(
            message["call"],
            message.get("content"),
            error=bool(message.get("error")),
            arguments=arguments,
        )
        await self._send(
            {
                "type": "result",
                "call": message["call"],
                "decision": result.decision.value,
                "content": result.content,
            }
        )

    async def _send(self, message: Mapping[str, Any]) -> None:
        line = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        try:
            await self._stdin.send(line)
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
            return  # the agent is gone; its output ends too


def _parse(line: bytes) -> tuple[dict[str, Any] | None, str | None]:
    """Return the message of a line, or why it is none."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None, "is not JSON"
    if not isinstance(message, dict):
        return None, "is not a JSON object"
    kind = message.get("type")
    if kind == "turn":
        return message, _turn_objection(message)
    if kind == "result":
        return message, None if isinstance(message.get("call"), str) else "names no call"
    return None, f"is of type {kind!r}, not turn or result"


def _turn_objection(message: Mapping[str, Any]) -> str | None:
    calls = message.get("calls")
    if not isinstance(message.get("id"), str):
        return "is a turn without an id"
    if not isinstance(calls, list):
        return "is a turn without a list of calls"
    ids = []
    for call in calls:
        if not isinstance(call, dict) or not isinstance(call.get("id"), str):
            return "has a call without an id"
        if not isinstance(call.get("tool"), str):
            return "has a call without a tool"
        ids.append(call["id"])
    if len(set(ids)) < len(ids):
        return "has two calls of the same id"
    for key in ("message", "reasoning"):
        if not isinstance(message.get(key), str | None):
            return f"has a {key} that is not text"
    return None
