"""Replies kept in a file, found again by the hash of their request.

A cassette is JSON Lines. What `Recording` writes is

    {"hash", "auditor", "look", "round", "model", "vendor", "answer": {"kind": "reply", ...}}

and a line written by a person or on another machine may hold just `{"hash", "reply": {...data...}}`
or `{"hash", "text": "..."}`; whatever the form, data are read as strictly as a model's reply. Lines
may name the model they come from; one that names another model is not played for this one. Of
several lines for one request the last counts.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import JsonValue, TypeAdapter, ValidationError

from orchestrator.domain.usage import Usage
from orchestrator.domain.value import JsonObject, Value
from orchestrator.errors import ConfigError
from orchestrator.models.client import Answer, Failure, ModelClient, Refusal, Reply, Request
from orchestrator.models.reading import Unreadable, one_line, read_data, read_text

_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
_Form: TypeAlias = Literal["answer", "reply", "text"]
_FORMS: tuple[_Form, ...] = ("answer", "reply", "text")


class Line(Value):
    """One line of a cassette; exactly one of `answer`, `reply` and `text` is given."""

    hash: str
    auditor: str = ""
    look: str = ""
    round: int = 0
    model: str = ""
    vendor: str = ""
    answer: JsonObject | None = None
    reply: JsonObject | None = None
    text: str | None = None


class Recorded:
    """Answer from a cassette, and from a live client what the cassette does not hold.

    Without a live client a request that is not found fails with `no recorded reply` and is kept in
    `missing`, ready for `export`. What is played sent nothing: its usage has 0 attempts, 0 dollars
    and no tokens; what it took when it was recorded stays in the cassette.
    """

    def __init__(
        self,
        client: ModelClient | None,
        file: str | Path,
        *,
        vendor: str = "unknown",
        model: str = "",
    ) -> None:
        self.vendor = client.vendor if client else vendor
        self.model = client.model if client else model
        self.missing: list[Request] = []
        self._lines: dict[str, list[Line]] = {}
        for line in read_cassette(file, may_be_missing=client is not None):
            self._lines.setdefault(line.hash, []).append(line)
        self._live = Recording(client, file) if client else None

    async def ask(self, request: Request, deadline_s: float) -> Answer:
        """Return the recorded answer, or the live one where there is a live client."""
        line = self._find(request)
        if line is not None:
            return _play(line, request)
        if self._live is not None:
            return await self._live.ask(request, deadline_s)
        self.missing.append(request)
        return Failure(cause="no recorded reply", why=f"no line for {request.hash[:12]}…")

    async def aclose(self) -> None:
        """Close the live client, if there is one."""
        if self._live is not None:
            await self._live.aclose()

    def _find(self, request: Request) -> Line | None:
        lines = self._lines.get(request.hash, [])
        fitting = [line for line in lines if self._may_play(line)]
        return fitting[-1] if fitting else None

    def _may_play(self, line: Line) -> bool:
        return not line.model or not self.model or line.model == self.model


class Recording:
    """Pass requests on to a client and write down what it answered: replies and refusals.

    A failure is no answer and is not written, so that it is asked again. A line is one write at
    the end of the file: several tasks, threads and processes may record into one cassette. Where
    the file cannot be written, the answer is given all the same and `unwritten` says why.
    """

    def __init__(self, client: ModelClient, file: str | Path) -> None:
        self.vendor = client.vendor
        self.model = client.model
        self.endpoint = getattr(client, "endpoint", None)
        """Where the client has one, so that its breaker is seen."""
        self.unwritten: list[str] = []
        self._client = client
        self._file = Path(file)
        self._lock = threading.Lock()

    async def ask(self, request: Request, deadline_s: float) -> Answer:
        """Return the client's answer once it is written down."""
        answer = await self._client.ask(request, deadline_s)
        if isinstance(answer, (Reply, Refusal)):
            self._write(request, answer)
        return answer

    async def aclose(self) -> None:
        """Close the client."""
        await self._client.aclose()

    def _write(self, request: Request, answer: Reply | Refusal) -> None:
        try:
            with self._lock:
                record(self._file, request, answer, vendor=self.vendor, model=self.model)
        except OSError as error:
            self.unwritten.append(one_line(error))


def record(
    file: Path, request: Request, answer: Reply | Refusal, *, vendor: str, model: str
) -> None:
    """Add one answer to a cassette, in one write."""
    line: dict[str, JsonValue] = {
        "hash": request.hash,
        "auditor": request.auditor,
        "look": request.look,
        "round": request.round,
        "model": model,
        "vendor": vendor,
        "answer": answer.model_dump(mode="json"),
    }
    _append(file, line)


def read_cassette(file: str | Path, *, may_be_missing: bool = False) -> list[Line]:
    """Return the lines of a cassette; a broken one is an error with file and line."""
    path = Path(file)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        if may_be_missing:
            return []
        raise ConfigError("no such cassette; record one first", file=str(path)) from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", file=str(path)) from None
    numbered = enumerate(raw.split(b"\n"), 1)
    return [_read_line(line, str(path), number) for number, line in numbered if line.strip()]


def export(requests: Iterable[Request], file: str | Path) -> int:
    """Write the requests that somebody else is to answer, each hash once; return how many.

    A line is `{"hash", "auditor", "look", "round", "schema", "messages"}`.
    """
    once = {request.hash: request for request in requests}
    lines = [
        _dump(
            {
                "hash": request.hash,
                "auditor": request.auditor,
                "look": request.look,
                "round": request.round,
                "schema": request.schema,
                "messages": [message.model_dump() for message in request.messages],
            }
        )
        for request in once.values()
    ]
    Path(file).write_bytes(b"".join(lines))
    return len(lines)


def _read_line(raw: bytes, file: str, number: int) -> Line:
    try:
        line = Line.model_validate_json(raw, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        what = f"{place}: {first['msg']}" if place else first["msg"]
        raise ConfigError(f"broken line: {one_line(what)}", file=file, line=number) from None
    if sum(getattr(line, form) is not None for form in _FORMS) != 1:
        message = "broken line: give exactly one of `answer`, `reply` and `text`"
        raise ConfigError(message, file=file, line=number)
    if line.answer is not None:
        try:
            _ANSWER.validate_python(line.answer)
        except ValidationError:
            message = "broken line: `answer` is no recorded answer"
            raise ConfigError(message, file=file, line=number) from None
    return line


def _play(line: Line, request: Request) -> Answer:
    played = Usage(cost_usd=0.0)
    try:
        if line.text is not None:
            return Reply(data=read_text(line.text, request.reply), usage=played)
        if line.reply is not None:
            return Reply(data=read_data(line.reply, request.reply), usage=played)
        answer = _ANSWER.validate_python(line.answer)
        if isinstance(answer, Reply):
            data = read_data(answer.data, request.reply)
            return answer.model_copy(update={"data": data, "usage": played})
        return answer.model_copy(update={"usage": played})
    except Unreadable as error:
        return Failure(cause="malformed", why=str(error), usage=played)


def _append(file: Path, line: dict[str, JsonValue]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(handle).st_size
        torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        data = (b"\n" if torn else b"") + _dump(line)
        if os.write(handle, data) != len(data):
            raise OSError("the disk took only a part of a line")
    finally:
        os.close(handle)


def _dump(line: dict[str, JsonValue]) -> bytes:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
