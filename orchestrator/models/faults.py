"""What went wrong on the wire, in the words of `Cause`: by status, by error body, by exception."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import re2

from orchestrator.clock import Clock
from orchestrator.models.attempt import Attempt, Rung, failed
from orchestrator.models.client import Cause
from orchestrator.models.reading import one_line

_BROKEN_LINE = ("APIConnectionError", "TransportError", "OSError", "EndOfStream", "EOFError")
_NEVER_CONNECTED = ("ConnectError", "ConnectTimeout", "UnsupportedProtocol")
_NOT_DATA = ("JSONDecodeError", "UnicodeDecodeError", "ValidationError", "DecodingError")
_RUNG_STATUS = (400, 404, 422, 500, 501)
_RUNG_WORDS: dict[Rung, tuple[str, ...]] = {
    "schema": (
        "response_format", "json_schema", "output_config", "output_format", "text.format",
        "structured output", "additionalproperties", "schema", "strict",
    ),
    "json": ("response_format", "json_object", "text.format", "json mode", "schema"),
    "tool": ("tool", "function"),
    "text": (),
}  # fmt: skip
_KEY_LIKE = re2.compile(r"(?i)(bearer\s+|\b(sk|key|pk|rk)[-_])[\w*.~+/=-]{4,}")
_HIDDEN = "‹key›"
_SHARED = 6
"""So many characters of the key in a row count as the key."""


class Garbled(Exception):
    """What came back could not be read as the protocol it should be."""


class Faults:
    """Turn whatever an SDK raised or an endpoint answered into an attempt without a key in it."""

    def __init__(self, clock: Clock, key: str) -> None:
        self._clock = clock
        self._key = key

    def by_exception(self, error: Exception, rung: Rung) -> Attempt:
        """Return what an exception of any kind means."""
        names = {kind.__name__ for kind in type(error).__mro__}
        status = getattr(error, "status_code", None)
        if isinstance(status, int) and status != 200:
            return self._by_status(error, status, rung)
        reported = "APIError" in names and not names.intersection(_BROKEN_LINE)
        if reported or isinstance(status, int):
            body = getattr(error, "body", None)
            return self.by_body(body if isinstance(body, dict) else {"message": str(error)})
        source = error.__cause__ or error
        why = self._why(source, type(source).__name__)
        names |= {kind.__name__ for kind in type(source).__mro__}
        if isinstance(error, Garbled) or names.intersection(_NOT_DATA):
            return failed("malformed", why, retry=True, rung="doubtful")
        if names.intersection(_BROKEN_LINE):
            connected = not names.intersection(_NEVER_CONNECTED)
            return failed("connection", why, retry=True, served=connected)
        if isinstance(error, (TypeError, ValueError)):
            return failed("rejected", why, served=False)
        return failed("server error", why, retry=True)

    def by_body(self, body: Mapping[str, Any]) -> Attempt:
        """Return what an error object inside a proper HTTP answer means."""
        inner = body.get("error")
        error = inner if isinstance(inner, Mapping) else body
        kind = f"{error.get('type', '')} {error.get('code', '')}".lower()
        why = self._why(error.get("message", inner or ""), "an error instead of an answer")
        if "overloaded" in kind or "unavailable" in kind:
            return failed("overloaded", why, retry=True)
        if "rate_limit" in kind or "429" in kind:
            return failed("rate limited", why, retry=True)
        if "content_filter" in kind:
            return failed("filtered", why)
        if any(word in kind for word in ("invalid", "authentication", "permission", "not_found")):
            return failed("rejected", why)
        return failed("server error", why, retry=True)

    def _by_status(self, error: Exception, status: int, rung: Rung) -> Attempt:
        body, headers = getattr(error, "body", None), _headers(error)
        inner = body.get("error", body) if isinstance(body, dict) else {}
        inner = inner if isinstance(inner, dict) else {}
        message = inner.get("message") or (body if isinstance(body, str) else "")
        code = str(inner.get("code") or inner.get("type") or "")
        why = self._why(message, f"HTTP {status}")
        said = f"{json.dumps(body, default=str)} {inner.get('param', '')}".lower()
        if status in _RUNG_STATUS and any(word in said for word in _RUNG_WORDS[rung]):
            return failed("rejected", why, served=False, rung="refused")
        if "content_filter" in code:
            return failed("filtered", why, served=False)
        cause = _cause(status, code)
        vague: Literal["fine", "doubtful"] = "doubtful" if status == 500 else "fine"
        retry = cause != "rejected" and headers.get("x-should-retry") != "false"
        wait = self._wait(headers)
        return failed(cause, why, retry=retry, wait_s=wait, served=False, rung=vague)

    def _wait(self, headers: Mapping[str, str]) -> float | None:
        for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
            given = headers.get(name, "")
            try:
                return max(0.0, float(given) * unit)
            except ValueError:
                pass
        try:
            then = parsedate_to_datetime(headers.get("retry-after", ""))
            return max(0.0, (then - self._clock.now()).total_seconds())
        except (TypeError, ValueError):
            return None

    def _why(self, message: object, what: str) -> str:
        """Say it in one line that holds neither the key, nor a part of it, nor its like."""
        text = one_line(message)
        key = self._key
        parts = {key[i : i + _SHARED] for i in range(max(1, len(key) - _SHARED + 1))}
        if len(key) >= _SHARED and any(part in text for part in parts):
            text = _HIDDEN
        text = _KEY_LIKE.sub(_HIDDEN, text)
        return f"{what}: {text}" if text else what


def _cause(status: int, code: str) -> Cause:
    if status == 429:
        return "rejected" if "quota" in code or "billing" in code else "rate limited"
    if status in (503, 529):
        return "overloaded"
    if status >= 500 or status in (408, 409):
        return "server error"
    return "rejected"


def _headers(error: Exception) -> Mapping[str, str]:
    headers: Mapping[str, str] = getattr(getattr(error, "response", None), "headers", None) or {}
    return headers
