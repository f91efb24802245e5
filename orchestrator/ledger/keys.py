"""The two secrets of a machine, kept outside every ledger: one signs, one names secrets."""

from __future__ import annotations

import os
import secrets
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import StoreError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

HOME = "CROSSAUDIT_HOME"


class Keys:
    """Ed25519 signing key and HMAC key in `$CROSSAUDIT_HOME` (default `~/.crossaudit`).

    Both are made on first use, readable by their owner only. Where the folder cannot be written
    nothing is signed, and the HMAC key lasts as long as this object.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = Path(folder or os.environ.get(HOME) or "~/.crossaudit").expanduser()

    @property
    def fingerprint(self) -> str:
        """Return the short name of the signing key; empty where there is none."""
        return name_key(self.public) if self.public else ""

    @cached_property
    def public(self) -> str:
        """Return the public half of the signing key as hex; empty where there is none."""
        return self._private.public_key().public_bytes_raw().hex() if self._private else ""

    @cached_property
    def hmac_key(self) -> bytes:
        """Return the 32 bytes that name redacted secrets."""
        return self._secret("hmac.key") or secrets.token_bytes(32)

    def __getstate__(self) -> dict[str, object]:
        """Let worker processes name secrets alike even where no key can be kept."""
        return {"folder": self.folder, "hmac_key": self.hmac_key}

    def load(self) -> None:
        """Read both keys, making them if need be; StoreError where a file is damaged."""
        _ = self.hmac_key, self._seed

    def sign(self, message: bytes) -> tuple[str, str]:
        """Return fingerprint and signature as hex; two empty texts where there is no key."""
        if not self._private:
            return "", ""
        return self.fingerprint, self._private.sign(message).hex()

    @cached_property
    def _private(self) -> Ed25519PrivateKey | None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._seed) if self._seed else None

    @cached_property
    def _seed(self) -> bytes | None:
        return self._secret("signing.key")

    def _secret(self, name: str) -> bytes | None:
        path = self.folder / name
        try:
            if not path.exists():
                _create(path)
            text = path.read_text("ascii")
        except OSError:
            return None
        except UnicodeDecodeError:
            text = ""
        try:
            secret = bytes.fromhex(text)
        except ValueError:
            secret = b""
        if len(secret) != 32:
            raise StoreError(
                f"{path} is not a key of crossaudit (64 hex digits); move it away and a new one "
                "is made, but what the old one signed can then no longer be checked"
            )
        return secret


def name_key(public: str) -> str:
    """Return the fingerprint of a public key given as hex: 16 hex digits of its SHA-256."""
    return sha256(bytes.fromhex(public)).hexdigest()[:16]


def is_signed(public: str, message: bytes, signature: str) -> bool:
    """Say whether `signature` over `message` was made with the private half of `public`."""
    from cryptography.exceptions import InvalidSignature

    try:
        _load(public).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    # `fromhex` also takes capitals and spaces: then other bytes would say the same.
    return all(bytes.fromhex(text).hex() == text for text in (public, signature))


def _load(public: str) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))


def _create(path: Path) -> None:
    """Make a new key file; of two processes that try at once, both end with the same one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
