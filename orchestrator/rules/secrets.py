"""Secrets in text: found by one RE2 set, replaced by a token that stands for them everywhere else.

The token is `‹secret:KIND:HMAC8›`: the same secret gives the same token under one key, so that a
rule can see that what was read is what is sent, and nobody who reads the record learns it.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from typing import NamedTuple

import re2

from orchestrator.errors import ConfigError
from orchestrator.rules.cards import find_cards

_MAX_MEMORY = 64 << 20
"""RE2 answers "no match" when a set outgrows its memory; this is far above what ours needs."""

_VENDORS: dict[str, str] = {
    "aws": r"\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b",
    "aws-secret": (
        r"(?i:aws_?secret_?(?:access_?)?key)[\"']?\s{0,4}[:=]\s{0,4}[\"']?[0-9A-Za-z/+=]{40}\b"
    ),
    "github": r"\b(?:gh[pousr]_[0-9A-Za-z]{30,}|github_pat_[0-9A-Za-z_]{40,})",
    "gitlab": r"\bgl(?:pat|dt|rt|ptt|soat)-[0-9A-Za-z_\-]{20,}",
    "slack": r"\bxox[abeoprs]-[0-9A-Za-z\-]{10,}|\bxapp-[0-9]-[0-9A-Z]+-[0-9]+-[0-9a-f]{20,}",
    "slack-hook": r"hooks\.slack\.com/services/T[0-9A-Z]+/B[0-9A-Z]+/[0-9A-Za-z]{16,}",
    "stripe": r"\b(?:[sr]k_(?:live|test)|whsec)_[0-9A-Za-z]{16,}",
    "anthropic": r"\bsk-ant-[0-9A-Za-z_\-]{20,}",
    "openai": r"\bsk-(?:proj-|svcacct-|admin-)?[0-9A-Za-z_]{20,}",
    "google": r"\bAIza[0-9A-Za-z_\-]{35}",
    "google-oauth": r"\bGOCSPX-[0-9A-Za-z_\-]{20,}|\bya29\.[0-9A-Za-z_\-]{20,}",
    "twilio": r"\bSK[0-9a-f]{32}\b",
    "sendgrid": r"\bSG\.[0-9A-Za-z_\-]{16,}\.[0-9A-Za-z_\-]{16,}",
    "mailgun": r"\bkey-[0-9a-f]{32}\b",
    "npm": r"\bnpm_[0-9A-Za-z]{30,}",
    "pypi": r"\bpypi-[0-9A-Za-z_\-]{50,}",
    "huggingface": r"\bhf_[0-9A-Za-z]{30,}",
    "digitalocean": r"\bdo[opr]_v1_[0-9a-f]{32,}",
    "databricks": r"\bdapi[0-9a-f]{32}",
    "shopify": r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
    "square": r"\bsq0(?:atp|csp)-[0-9A-Za-z_\-]{22,}",
    "telegram": r"\b[0-9]{8,10}:AA[0-9A-Za-z_\-]{32,}",
    "vault": r"\bhv[sbr]\.[0-9A-Za-z_\-]{20,}",
    "linear": r"\blin_(?:api|oauth)_[0-9A-Za-z]{30,}",
    "doppler": r"\bdp\.(?:pt|st|ct|sa)\.[0-9A-Za-z]{30,}",
    "age": r"\bAGE-SECRET-KEY-1[0-9A-Z]{50,}",
    "azure": r"\bAccountKey=[0-9A-Za-z+/]{60,}={0,2}",
    "jwt": r"\beyJ[0-9A-Za-z_\-]{10,}\.eyJ[0-9A-Za-z_\-]{10,}\.[0-9A-Za-z_\-]{10,}",
    "database-url": r"\b(?:postgres(?:ql)?|mysql|mongodb(?:\+srv)?|redis|amqps?)://[^\s:/@]*:[^\s:/@]{3,}@",
    # A single dash may stand inside a block (`DEK-Info`), two end it: without an end marker the
    # search stops at the next marker, so that many openings cannot make it quadratic.
    "private-key": (
        r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:[^\-]|-[^\-])*"
        r"(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----)?"
    ),
}
_CARD = r"[0-9](?:[ \-]?[0-9]){12,18}"
_TOKEN = re2.compile("‹secret:([a-z0-9-]+):([0-9a-f]{8})›".encode())
_TOKEN_START = "‹secret:".encode()


class SecretSpan(NamedTuple):
    """Where a secret, or the token of one, stands in a text."""

    kind: str
    start: int
    end: int


class SecretScanner:
    """Find and replace secrets; `extra` are RE2 patterns of one's own, of the kind `custom`.

    Raises ConfigError for a pattern that RE2 does not understand.
    """

    def __init__(self, extra: tuple[str, ...] = ()) -> None:
        named = [*_VENDORS.items(), ("card", _CARD), *(("custom", pattern) for pattern in extra)]
        options = re2.Options()
        options.max_mem = _MAX_MEMORY
        options.log_errors = False
        self._set = re2.Set.SearchSet(options)
        for _, pattern in named:
            try:
                self._set.Add(pattern)
            except re2.error:
                raise ConfigError(
                    f"privacy.extra_secrets: {pattern!r} is no pattern that RE2 understands"
                ) from None
        self._set.Compile()
        self._patterns = [(kind, re2.compile(pattern.encode())) for kind, pattern in named]

    def replace(self, text: str, key: bytes) -> tuple[str, dict[str, str]]:
        """Return `text` with each secret replaced by its token, and token -> secret.

        Tokens that stand in the text already are left alone, and not in the mapping.
        """
        data = encode(text)
        spans = self._scan(data)
        if not spans:
            return text, {}
        pieces: list[bytes] = []
        originals: dict[str, str] = {}
        place = 0
        for kind, start, end in spans:
            secret = data[start:end]
            token = f"‹secret:{kind}:{hmac.digest(key, secret, 'sha256').hex()[:8]}›"
            originals[token] = secret.decode()
            pieces += (data[place:start], token.encode())
            place = end
        pieces.append(data[place:])
        return b"".join(pieces).decode(), originals

    def find(self, text: str) -> tuple[SecretSpan, ...]:
        """Return where secrets and tokens of secrets stand, in order, as code points."""
        data = encode(text)
        spans = sorted([*self._scan(data), *_find_tokens(data)], key=lambda span: span.start)
        return tuple(spans) if len(data) == len(text) else tuple(_count_characters(data, spans))

    def _scan(self, data: bytes) -> list[SecretSpan]:
        matched = self._set.Match(data)
        if not matched:
            return []
        found = [span for number in matched for span in self._locate(number, data)]
        found.sort(key=lambda span: (span.start, -span.end))
        apart: list[SecretSpan] = []
        for span in found:
            if not apart or span.start >= apart[-1].end:
                apart.append(span)
        return apart

    def _locate(self, number: int, data: bytes) -> Iterator[SecretSpan]:
        kind, pattern = self._patterns[number]
        if kind == "card":
            return (SecretSpan(kind, start, end) for start, end in find_cards(data))
        return (SecretSpan(kind, *match.span()) for match in pattern.finditer(data))


def encode(text: str) -> bytes:
    """Return UTF-8, with what cannot be encoded replaced by `?`."""
    return text.encode("utf-8", "replace")


def _find_tokens(data: bytes) -> Iterator[SecretSpan]:
    if _TOKEN_START in data:
        for match in _TOKEN.finditer(data):
            yield SecretSpan(match.group(1).decode(), match.start(), match.end())


def _count_characters(data: bytes, spans: list[SecretSpan]) -> Iterator[SecretSpan]:
    """Turn byte offsets into code points in one pass."""
    place = characters = 0
    for kind, start, end in spans:
        characters += len(data[place:start].decode())
        length = len(data[start:end].decode())
        yield SecretSpan(kind, characters, characters + length)
        characters, place = characters + length, end
