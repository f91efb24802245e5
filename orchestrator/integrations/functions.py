"""Guard plain tool functions: the call is reviewed before, the result checked after."""

from __future__ import annotations

import functools
import inspect
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from orchestrator.guard import GuardedRun


def guard_function(
    run: GuardedRun, function: Callable[..., Any], *, tool: str | None = None
) -> Callable[..., Awaitable[Any]]:
    """Return an async function that runs `function` only if the guard releases the call.

    `function` may be plain or async; its arguments are bound to their names, so that rules see
    them as the tool does. Raises ActionDenied where the call may not run, and passes on what
    `function` raises after recording it.
    """
    name = tool or function.__name__
    signature = inspect.signature(function)

    @functools.wraps(function)
    async def guarded(*args: Any, **kwargs: Any) -> Any:
        call = name_call(name, signature.bind(*args, **kwargs))
        call_id = call["id"]
        review = (await run.review([call])).raise_for_denied()
        arguments = review.decisions[0].arguments or {}
        try:
            result = function(**arguments)
            if inspect.isawaitable(result):
                result = await result
        except Exception as error:
            await run.observe(call_id, f"{type(error).__name__}: {error}", error=True)
            raise
        return (await run.observe(call_id, result, arguments=arguments)).content

    return guarded


def name_call(tool: str, bound: inspect.BoundArguments) -> dict[str, Any]:
    """Return a call of `tool` with its arguments by name, those from `**kwargs` beside the others.

    Raises TypeError for functions that take positional arguments without a name, since they
    could not be called again from names alone.
    """
    arguments: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        kind = bound.signature.parameters[name].kind
        if kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.POSITIONAL_ONLY):
            raise TypeError(f"argument {name!r} of {tool} has no name to be reviewed under")
        if kind is inspect.Parameter.VAR_KEYWORD:
            arguments.update(value)
        else:
            arguments[name] = value
    return {"id": f"{tool}-{secrets.token_hex(4)}", "tool": tool, "arguments": arguments}
