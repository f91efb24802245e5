"""Replace secrets before anything is judged or written, and put them back on release.

Rules, auditors and ledger see `‹secret:KIND:HMAC8›`; only the host gets the original. That is why
a replay judges exactly what the guard judged.
"""

from __future__ import annotations

from pydantic import JsonValue

from orchestrator.domain.action import Action, Justification, Turn
from orchestrator.domain.value import JsonObject
from orchestrator.rules.secrets import SecretScanner

Originals = dict[str, str]


class Redactor:
    """Replace secrets in whatever holds text, with one key."""

    def __init__(self, scanner: SecretScanner, key: bytes) -> None:
        self._scanner = scanner
        self._key = key

    def text(self, text: str, originals: Originals | None = None) -> str:
        """Return `text` with tokens for secrets; add token -> secret to `originals`."""
        replaced, found = self._scanner.replace(text, self._key)
        if originals is not None:
            originals.update(found)
        return replaced

    def optional(self, text: str | None, originals: Originals | None = None) -> str | None:
        """Return None for None, else as `text`."""
        return None if text is None else self.text(text, originals)

    def turn(self, turn: Turn) -> tuple[Turn, Originals]:
        """Return the turn with tokens for secrets, and what they stand for."""
        originals: Originals = {}
        changed = {
            "message": self.optional(turn.message, originals),
            "reasoning": self.optional(turn.reasoning, originals),
            "justification": self._justification(turn.justification, originals),
            "actions": tuple(self._action(action, originals) for action in turn.actions),
        }
        return (turn.model_copy(update=changed) if originals else turn), originals

    def json(self, value: JsonValue, originals: Originals) -> JsonValue:
        """Return any JSON value with tokens for secrets, keys included."""
        if isinstance(value, str):
            return self.text(value, originals)
        if isinstance(value, dict):
            return self.object(value, originals)
        if isinstance(value, list):
            return [self.json(item, originals) for item in value]
        return value

    def object(self, value: JsonObject, originals: Originals) -> JsonObject:
        """Return a JSON object with tokens for secrets, keys included."""
        return {
            self.text(key, originals): self.json(item, originals) for key, item in value.items()
        }

    def _action(self, action: Action, originals: Originals) -> Action:
        arguments = self.object(action.arguments, originals)
        given = self._justification(action.justification, originals)
        if arguments == action.arguments and given == action.justification:
            return action
        return action.model_copy(update={"arguments": arguments, "justification": given})

    def _justification(
        self, given: Justification | None, originals: Originals
    ) -> Justification | None:
        if given is None:
            return None
        return Justification.model_validate(self.object(given.model_dump(mode="json"), originals))


def restore(value: JsonValue, originals: Originals) -> JsonValue:
    """Put the secrets back in place of their tokens."""
    if not originals:
        return value
    if isinstance(value, str):
        for token, secret in originals.items():
            value = value.replace(token, secret)
        return value
    if isinstance(value, dict):
        return restore_object(value, originals)
    if isinstance(value, list):
        return [restore(item, originals) for item in value]
    return value


def restore_object(value: JsonObject, originals: Originals) -> JsonObject:
    """Put the secrets back in an object, keys included."""
    return {str(restore(key, originals)): restore(item, originals) for key, item in value.items()}
