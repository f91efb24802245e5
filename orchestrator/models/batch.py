"""Many requests at half the price and in hours: the providers' batches, answered into a cassette.

    await submit(entry, requests, state)            # once; a second time it finds the first
    while not (await collect(entry, requests, state, cassette)).ended:
        ...                                         # later, also in another process

The state file holds the id of what was submitted, so that a batch outlives whoever sent it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import anyio
from pydantic import Field

from orchestrator.clock import Clock, SystemClock
from orchestrator.config import AuditorConfig
from orchestrator.domain.value import Value
from orchestrator.errors import ConfigError, CrossauditError
from orchestrator.models.attempt import Attempt, usage_of
from orchestrator.models.cassette import record
from orchestrator.models.client import Failure, Request
from orchestrator.models.connect import (
    endpoint_settings,
    find_key,
    open_adapter,
    read_spec,
    vendor_of,
)
from orchestrator.models.faults import Faults
from orchestrator.models.fields import as_dict, mapping, said

_PATHS = {"openai": "/v1/chat/completions", "openai-responses": "/v1/responses"}
_ENDED = ("completed", "failed", "expired", "cancelled", "ended")


class BatchState(Value):
    """What was submitted."""

    model: str
    """As in the configuration: API:NAME."""
    id: str
    recorded: bool = False
    """Whether its answers are in the cassette."""


class Progress(Value):
    """How far a batch is."""

    status: str
    """In the provider's words."""
    ended: bool = False
    recorded: int = 0
    """Replies and refusals that were written into the cassette by this look."""
    failures: dict[str, int] = Field(default_factory=dict)
    """Requests without an answer that counts, by cause; to be asked again."""


async def submit(entry: AuditorConfig, requests: Iterable[Request], state: Path) -> BatchState:
    """Send each request once, by hash; with a state file from before nothing is sent."""
    if (known := _read_state(state)) is not None:
        return known
    once = {request.hash: request for request in requests}
    api, _ = read_spec(entry)
    line = _Line(entry)
    try:
        if api == "anthropic":
            params = [
                {"custom_id": hash_, "params": _plain(line.adapter.body(request, "schema"))}
                for hash_, request in once.items()
            ]
            batch = await line.call(line.adapter.sdk.messages.batches.create(requests=params))
        else:
            batch = await _submit_file(line, _PATHS[api], once)
    finally:
        await line.adapter.aclose()
    if not said(getattr(batch, "id", None)):
        raise CrossauditError("the provider answered without the id of a batch; none was kept")
    made = BatchState(model=entry.model or "", id=batch.id)
    _write_state(state, made)
    return made


async def collect(
    entry: AuditorConfig, requests: Iterable[Request], state: Path, cassette: Path
) -> Progress:
    """Look at the batch once; when it has ended, write what it answered, once."""
    known = _read_state(state)
    if known is None:
        raise ConfigError("no batch was submitted with this state file", file=str(state))
    if known.recorded:
        return Progress(status="recorded before", ended=True)
    line = _Line(entry)
    try:
        status, results = await _look(line, known.id, anthropic=read_spec(entry)[0] == "anthropic")
    finally:
        await line.adapter.aclose()
    if status not in _ENDED:
        return Progress(status=status)
    progress = _record(line, {r.hash: r for r in requests}, results, cassette)
    _write_state(state, known.model_copy(update={"recorded": True}))
    return progress.model_copy(update={"status": status})


class _Line:
    """An adapter, and what is said when the provider does not take part."""

    def __init__(self, entry: AuditorConfig, clock: Clock | None = None) -> None:
        api, model = read_spec(entry)
        if api == "scripted":
            raise ConfigError(f"auditor {entry.name!r}: a script has no batches; ask it directly")
        key, clock = find_key(entry, api), clock or SystemClock()
        vendor, settings = vendor_of(entry), endpoint_settings(entry)
        settings = settings.model_copy(update={"stream": False})
        self.adapter = open_adapter(api, model, vendor, key, entry.base_url, settings, clock)
        self._faults = Faults(clock, key)

    async def call(self, request: Any) -> Any:
        try:
            with anyio.fail_after(600.0):
                return await request
        except Exception as error:
            why = getattr(self._faults.by_exception(error, "text").answer, "why", "")
            raise CrossauditError(f"the batch cannot be reached ({why}); try again") from None


async def _submit_file(line: _Line, path: str, once: Mapping[str, Request]) -> Any:
    adapter = line.adapter
    lines = [
        {
            "custom_id": hash_,
            "method": "POST",
            "url": path,
            "body": _plain(adapter.body(r, "schema")),
        }
        for hash_, r in once.items()
    ]
    data = "".join(f"{json.dumps(one)}\n" for one in lines).encode()
    file = ("requests.jsonl", data, "application/jsonl")
    sent = await line.call(adapter.sdk.files.create(file=file, purpose="batch"))
    return await line.call(
        adapter.sdk.batches.create(input_file_id=sent.id, endpoint=path, completion_window="24h")
    )


async def _look(line: _Line, batch: str, *, anthropic: bool) -> tuple[str, list[dict[str, Any]]]:
    sdk = line.adapter.sdk
    if anthropic:
        found = await line.call(sdk.messages.batches.retrieve(batch))
        if found.processing_status != "ended":
            return said(found.processing_status), []
        raw = await line.call(
            sdk.messages.batches.with_streaming_response.results(batch).__aenter__()
        )
        try:
            return "ended", _json_lines(await line.call(raw.read()))
        finally:
            await raw.close()
    found = await line.call(sdk.batches.retrieve(batch))
    lines: list[dict[str, Any]] = []
    for file in (found.output_file_id, found.error_file_id):
        if found.status in _ENDED and file:
            content = await line.call(sdk.files.content(file))
            lines += _json_lines(content.content)
    return said(found.status), lines


def _record(
    line: _Line,
    requests: Mapping[str, Request],
    results: list[dict[str, Any]],
    cassette: Path,
) -> Progress:
    recorded, failures, answered = 0, dict[str, int](), set[str]()
    for result in results:
        request = requests.get(said(result.get("custom_id")))
        if request is None or request.hash in answered:
            continue
        answered.add(request.hash)
        attempt = _attempt(line, request, result)
        answer = attempt.answer
        if isinstance(answer, Failure):
            failures[answer.cause] = failures.get(answer.cause, 0) + 1
            continue
        usage = usage_of([attempt], [None], 1, 0.0)
        told = answer.model_copy(update={"usage": usage})
        record(cassette, request, told, vendor=line.adapter.vendor, model=line.adapter.model)
        recorded += 1
    if missing := len(requests) - len(answered):
        failures["no recorded reply"] = missing
    return Progress(status="", ended=True, recorded=recorded, failures=failures)


def _attempt(line: _Line, request: Request, result: Mapping[str, Any]) -> Attempt:
    """Read one line of either provider: a whole answer, or an error in its place."""
    inner = mapping(result.get("result"))
    body = inner.get("message") or mapping(result.get("response")).get("body")
    if not isinstance(body, dict):
        body = {"error": result.get("error") or inner.get("error") or "no answer in the batch"}
    adapter: Any = line.adapter
    attempt: Attempt = adapter.read(body, request, "schema")
    return attempt


def _json_lines(data: bytes) -> list[dict[str, Any]]:
    try:
        return [as_dict(json.loads(line)) for line in data.splitlines() if line.strip()]
    except Exception as error:
        raise CrossauditError(f"the batch's results cannot be read: {error}") from None


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    """Return the fields as they go over the wire, where the SDK does not unfold them."""
    body = dict(body)
    return {**body, **body.pop("extra_body", {})}


def _read_state(file: Path) -> BatchState | None:
    try:
        return BatchState.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise ConfigError("is no state of a batch", file=str(file)) from None


def _write_state(file: Path, state: BatchState) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_text(state.model_dump_json(), "utf-8")
    Path(fresh).replace(file)
