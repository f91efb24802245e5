"""The strict reading of what a model wrote: exactly the JSON that was asked for, or nothing."""

from __future__ import annotations

import json
import math
from typing import NoReturn

from pydantic import ValidationError

from orchestrator.domain.value import JsonObject, Value

_LONGEST = 300


class Unreadable(ValueError):
    """An answer is not the JSON object its request asked for; the text says in what way."""


def read_text(text: str, shape: type[Value]) -> JsonObject:
    """Return the JSON object that `text` is, if it fits `shape`.

    Around it may stand white space, one code fence, and before it a block of thoughts between
    `<think>` marks. Prose, a second object, a key given twice, NaN, an infinity, a number as text,
    a missing or an extra field make the whole unreadable.
    """
    body = _unwrap(text)
    try:
        data = json.loads(
            body,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            object_pairs_hook=_without_repeats,
        )
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"no JSON: {one_line(error)}") from None
    if not isinstance(data, dict):
        raise Unreadable("JSON, but no object")
    try:
        return shape.model_validate_json(body, strict=True).model_dump(mode="json")
    except ValidationError as error:
        raise Unreadable(_describe(error)) from None
    except (ValueError, RecursionError) as error:
        raise Unreadable(one_line(error)) from None


def read_data(data: object, shape: type[Value]) -> JsonObject:
    """Return `data` if it fits `shape`, by the same rules as text."""
    try:
        text = json.dumps(data, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise Unreadable(f"no JSON: {one_line(error)}") from None
    return read_text(text, shape)


def one_line(message: object, longest: int = _LONGEST) -> str:
    """Return a text as one line of printable characters, cut at `longest`."""
    words = " ".join(str(message).split())
    shown = "".join(c if c.isprintable() else "\ufffd" for c in words[: longest + 1])
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def _unwrap(text: str) -> str:
    body = text.strip()
    if body.startswith("<think>"):
        _, mark, body = body.partition("</think>")
        if not mark:
            raise Unreadable("no answer after the thoughts")
        body = body.strip()
    if body.startswith("```") and body.endswith("```") and len(body) > 6:
        inner = body[3:-3]
        body = inner.removeprefix("json").removeprefix("JSON").strip()
    if not body:
        raise Unreadable("an empty answer")
    return body


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number out of range")
    return number


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    data = dict(pairs)
    if len(data) < len(pairs):
        raise ValueError("a key is given twice")
    return data


def _describe(error: ValidationError) -> str:
    """Name what does not fit without repeating what the model wrote."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return one_line(f"{place}: {first['msg']}{more}")
