"""What a language model is to crossaudit: asked once, it gives an answer that is valid or none.

Nothing is raised for what a model, a network or a provider does wrong. A number that was not given
can therefore not appear: what is no `Reply` carries none.
"""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol, TypeAlias

from pydantic import Field

from orchestrator.domain.usage import Usage
from orchestrator.domain.value import JsonObject, Value

Role: TypeAlias = Literal["system", "user", "assistant"]

Cause: TypeAlias = Literal[
    "deadline",  # no answer in time, retries included
    "rate limited",  # 429 until the deadline, or a wait that would exceed it
    "overloaded",  # 529, 503 and their like
    "server error",
    "connection",  # refused, reset, cut before a terminal finish reason
    "malformed",  # no JSON, the wrong shape, or not what the schema asks for
    "truncated",  # the model ran into its token limit
    "filtered",  # the provider's content filter ended it
    "rejected",  # a 4xx that no retry mends: key, model name, parameters
    "breaker open",  # the endpoint failed too often; not asked
    "budget exhausted",  # not asked
    "no recorded reply",  # a cassette does not hold this prompt
]


class Message(Value):
    """One message of a prompt."""

    role: Role
    content: str


@dataclass(frozen=True)
class Request:
    """A prompt, and the shape its answer must have."""

    messages: tuple[Message, ...]
    """The first is the same for every request of an auditor, so that provider caches hit."""
    reply: type[Value]
    """The answer is this model's JSON; its name and schema go to the provider."""
    max_tokens: int = 2048
    auditor: str = ""
    look: str = ""
    round: int = 0

    @functools.cached_property
    def schema(self) -> JsonObject:
        """Return the JSON schema of the answer."""
        schema: JsonObject = json.loads(_write_schema(self.reply))
        return schema

    @functools.cached_property
    def hash(self) -> str:
        """Return the SHA-256 of messages and schema: what a cassette finds a reply by."""
        # The same bytes as keys in order and no spaces give, put together from parts.
        said = (f'{{"content":{_quote(m.content)},"role":"{m.role}"}}' for m in self.messages)
        text = f'{{"messages":[{",".join(said)}],"schema":{_sort_schema(self.reply)}}}'
        return hashlib.sha256(text.encode()).hexdigest()


@functools.cache
def _write_schema(reply: type[Value]) -> str:
    """Return the schema as text: making it anew would cost each call more than all our own work."""
    return json.dumps(reply.model_json_schema())


@functools.cache
def _sort_schema(reply: type[Value]) -> str:
    schema = json.loads(_write_schema(reply))
    return json.dumps(schema, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


_quote = json.JSONEncoder(ensure_ascii=False).encode


class Reply(Value):
    """An answer that ended properly and fits the schema of its request."""

    kind: Literal["reply"] = "reply"
    data: JsonObject
    usage: Usage = Usage()
    served_by: str = ""
    """The model as the endpoint names it; empty where it does not."""


class Refusal(Value):
    """The model declined to answer."""

    kind: Literal["refusal"] = "refusal"
    why: str
    usage: Usage = Usage()


class Failure(Value):
    """There is no answer that counts."""

    kind: Literal["failure"] = "failure"
    cause: Cause
    why: str = ""
    """One line for a person; never text that could hold a key."""
    usage: Usage = Usage()


Answer: TypeAlias = Annotated[Reply | Refusal | Failure, Field(discriminator="kind")]


class ModelClient(Protocol):
    """A model at an endpoint."""

    vendor: str
    """Who made the model, as declared, e.g. `anthropic`."""
    model: str

    async def ask(self, request: Request, deadline_s: float) -> Answer:
        """Return the answer within `deadline_s` seconds; never raises but for cancellation."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...
