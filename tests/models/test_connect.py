"""From configuration to client, and the agent's side."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from orchestrator.config import AuditorConfig
from orchestrator.domain.action import ToolSpec
from orchestrator.errors import ConfigError, CrossauditError
from orchestrator.models.agent import AgentCall, AgentMessage, connect_agent
from orchestrator.models.client import Reply
from orchestrator.models.connect import Endpoints, connect
from orchestrator.models.scripted import SCRIPTS
from tests.loopback.server import Loopback, fails, raw, says
from tests.models.calling import DATA, GOOD, KEY, caller, entry, request

TOOLS = (ToolSpec(name="pay", description="Pay.", parameters={"type": "object"}),)


def auditor(model: str, **more: Any) -> AuditorConfig:
    return AuditorConfig(name="a", kind="model", model=model, **more)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (auditor("gpt"), "no API:NAME"),
        (auditor("openai:"), "no API:NAME"),
        (auditor("opnai:x"), "did you mean 'openai'"),
        (auditor("openai:x"), "OPENAI_API_KEY"),
        (auditor("openai-responses:x"), "OPENAI_API_KEY"),
        (auditor("anthropic:x"), "ANTHROPIC_API_KEY"),
        (auditor("openai:x", key_env="MY_KEY"), "MY_KEY"),
        (auditor("openai:x", base_url="http://127.0.0.1:9/v1", key_env="MY_KEY"), "MY_KEY"),
        (auditor("scripted:x"), "no script 'x'"),
        (auditor("openai:x", settings={"endpoint": {"strem": True}}), "did you mean 'stream'"),
        (auditor("openai:x", settings={"endpoint": {"attempts": 0}}), "attempts"),
        (auditor("openai:x", settings={"endpoint": 3}), "settings.endpoint"),
    ],
)
def test_what_is_wrong_is_said(
    broken: AuditorConfig, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MY_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match=message):
        connect(broken)


def test_the_vendor_is_declared_known_or_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.setitem(SCRIPTS, "s", lambda _: DATA)
    local = "http://127.0.0.1:9/v1"
    assert connect(auditor("openai:x")).vendor == "openai"
    assert connect(auditor("openai-responses:x")).vendor == "openai"
    assert connect(auditor("anthropic:x")).vendor == "anthropic"
    assert connect(auditor("openai:x", base_url=local)).vendor == "unknown"
    assert connect(auditor("openai:x", base_url=local, vendor="mistral")).vendor == "mistral"
    assert connect(auditor("scripted:s")).vendor == "unknown"
    assert connect(auditor("scripted:s", vendor="demo")).model == "s"


async def test_a_registered_script_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SCRIPTS, "s", lambda _: DATA)
    assert isinstance(await connect(auditor("scripted:s")).ask(request(), 1.0), Reply)


async def test_own_endpoints_get_what_only_they_know(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr("orchestrator.models.openai_chat.OPENAI_URL", f"{loopback.url}/v1")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9")
    bodies = []
    for api in ("openai", "openai-responses"):
        client = connect(entry(api, None))
        loopback.play(says(GOOD))
        assert isinstance(await client.ask(request("one"), 5.0), Reply), "no variable redirects it"
        await client.ask(request("two"), 5.0)
        first, second = (asked.body for asked in loopback.asked)
        assert first["prompt_cache_key"] == second["prompt_cache_key"]
        assert loopback.asked[0].headers["authorization"] == f"Bearer {KEY}"
        bodies.append(first)
        await client.aclose()
    chat, responses = bodies
    assert chat["max_completion_tokens"] == 2048
    assert responses["store"] is False
    assert chat["response_format"]["json_schema"]["strict"] is True
    assert chat["response_format"]["json_schema"]["schema"]["additionalProperties"] is False


async def test_further_fields_reach_the_endpoint(loopback: Loopback) -> None:
    for api in ("openai", "openai-responses", "anthropic"):
        client = caller(loopback, api, extra={"seed": 7})
        loopback.play(says(GOOD))
        await client.ask(request(), 5.0)
        assert loopback.asked[0].body["seed"] == 7
        await client.aclose()
    client = caller(loopback, limit_field="max_completion_tokens")
    await client.ask(request(max_tokens=9), 5.0)
    assert loopback.asked[-1].body["max_completion_tokens"] == 9
    await client.aclose()


def test_entries_of_one_model_share_its_endpoint() -> None:
    endpoints = Endpoints()
    first, second = (caller("http://127.0.0.1:9", endpoints=endpoints) for _ in range(2))
    other = caller("http://127.0.0.1:8", endpoints=endpoints)
    assert first.endpoint is second.endpoint
    assert first.endpoint is not other.endpoint


def test_importing_loads_no_sdk() -> None:
    code = (
        "import sys, orchestrator.models.connect, orchestrator.models.caller, "
        "orchestrator.models.cassette, orchestrator.models.agent, orchestrator.models.openai_chat, "
        "orchestrator.models.openai_responses, orchestrator.models.anthropic_messages; "
        "print([n for n in ('openai', 'anthropic', 'httpx2', 'numpy') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("api", ["openai", "anthropic"])
async def test_an_agent_acts_and_sees_results(loopback: Loopback, api: str) -> None:
    url = loopback.url if api == "anthropic" else f"{loopback.url}/v1"
    agent = connect_agent(f"{api}:m", base_url=url)
    said = [
        AgentMessage(role="system", content="Be good."),
        AgentMessage(role="user", content="Pay"),
    ]
    calls = (("pay", '{"amount": 5}'), ("pay", '{"amount": 6}'))
    loopback.play(
        fails(529, headers={"retry-after-ms": "1"}), says("Paying.", thoughts="hm", calls=calls)
    )
    reply = await agent.next_turn(said, TOOLS)
    assert (reply.message, reply.reasoning, reply.stop) == ("Paying.", "hm", "calls")
    assert [call.arguments for call in reply.calls] == [{"amount": 5}, {"amount": 6}]
    assert reply.calls[0] == AgentCall(id="c0", tool="pay", arguments={"amount": 5})
    assert (reply.usage.input_tokens, reply.usage.attempts) == (1000, 2)
    said += [
        AgentMessage(role="assistant", content=reply.message, calls=reply.calls),
        AgentMessage(role="tool", call="c0", content="paid"),
        AgentMessage(role="tool", call="c1", content="denied"),
    ]
    loopback.play(says("Done."))
    reply = await agent.next_turn(said, TOOLS)
    assert (reply.message, reply.stop, reply.calls) == ("Done.", "done", ())
    sent = loopback.asked[0].body["messages"]
    if api == "anthropic":
        assert [m["role"] for m in sent] == ["user", "assistant", "user"]
        assert [b["tool_use_id"] for b in sent[2]["content"]] == ["c0", "c1"]
        assert loopback.asked[0].body["system"] == "Be good."
    else:
        assert [m["role"] for m in sent] == ["system", "user", "assistant", "tool", "tool"]
        assert sent[2]["tool_calls"][1]["function"]["arguments"] == '{"amount": 6}'
    await agent.aclose()


@pytest.mark.parametrize("api", ["openai", "anthropic"])
async def test_an_agent_that_cannot_go_on_says_why_in_one_sentence(
    loopback: Loopback, api: str
) -> None:
    url = loopback.url if api == "anthropic" else f"{loopback.url}/v1"
    agent = connect_agent(f"{api}:m", base_url=url)
    said = [AgentMessage(role="user", content="Pay")]
    for step, word in (
        (fails(401, "bad key"), "rejected"),
        (raw("<html>"), "malformed"),
        (raw('{"a": 1}'), "unknown reason"),
        (raw('{"error": {"type": "invalid_request"}}'), "rejected"),
    ):
        loopback.play(step)
        with pytest.raises(CrossauditError, match=word):
            await agent.next_turn(said, ())
    loopback.play(says("I was go", end="limit"))
    assert (await agent.next_turn(said, ())).stop == "truncated"
    await agent.aclose()


def test_only_two_apis_can_act() -> None:
    with pytest.raises(ConfigError, match="openai:NAME or anthropic:NAME"):
        connect_agent("openai-responses:x")
