"""Which hosts a shell command speaks to, and whether it sends them something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from orchestrator.rules.access import plain_words
from orchestrator.rules.hosts import Host, read_url
from orchestrator.rules.programs import Programs
from orchestrator.rules.shell import Command, Word

_SENDING_METHODS = frozenset(("POST", "PUT", "PATCH", "DELETE"))
_METHOD_FLAGS = frozenset(("-X", "--request", "--method"))
_LISTENING = frozenset(("-l", "--listen"))
_DEVICES = ("/dev/tcp/", "/dev/udp/")
_NONE: frozenset[str] = frozenset()


class Endpoint(NamedTuple):
    """A word of a command that names a host."""

    word: Word
    host: Host
    sends: bool


def find_endpoints(command: Command, programs: Programs) -> Iterator[Endpoint]:
    """Yield the hosts that `command` speaks to."""
    program = command.program or ""
    if program in programs.fetch:
        yield from _find_fetched(command, programs)
    elif program in programs.dial:
        if not command.flags & _LISTENING:
            yield from _read_first(command, programs)
    elif program in programs.copy_away:
        yield from _find_copied(command)
    elif program in programs.shell_away:
        yield from _read_first(command, programs)
    elif program in ("socat", "openssl"):
        yield from _find_addresses(command)
    else:
        yield from _find_urls(command)
    for redirect in command.redirects:
        if redirect.target.text.startswith(_DEVICES):
            yield from _read(redirect.target, redirect.target.text.split("/")[3], sends=True)


def _find_fetched(command: Command, programs: Programs) -> Iterator[Endpoint]:
    sends = _is_sending(command, programs)
    for word in plain_words(command, programs.valued.get(command.program or "", _NONE)):
        text = word.text
        if "://" in text or "." in text or "localhost" in text or text.isdigit():
            yield from _read(word, text, sends)
    for word in command.args:
        if word.text.startswith("--url="):
            yield from _read(word, word.text[6:], sends)


def _is_sending(command: Command, programs: Programs) -> bool:
    flags = programs.sending.get(command.program or "", _NONE)
    method = False
    for word in command.args:
        text = word.text
        name = text.split("=", 1)[0] if text.startswith("--") else text[:2]
        if text in flags or name in flags:
            return True
        if (method or not flags) and text.upper() in _SENDING_METHODS:
            return True
        if text[:2] == "-X" and text[2:].upper() in _SENDING_METHODS:
            return True
        method = text in _METHOD_FLAGS
    return False


def _find_copied(command: Command) -> Iterator[Endpoint]:
    for place, word in enumerate(command.targets):
        name, colon, _ = word.text.partition(":")
        if colon and "/" not in name:
            yield from _read(word, name, sends=place == len(command.targets) - 1)


def _find_addresses(command: Command) -> Iterator[Endpoint]:
    """Read `host:port`, and `TCP:host:port` as socat writes it."""
    for word in command.args:
        name = word.text.split(",", 1)[0]
        parts = name.split(":")
        if command.program == "socat" and len(parts) == 3:
            yield from _read(word, parts[1], sends=True)
        elif command.program == "openssl" and len(parts) == 2:
            yield from _read(word, parts[0], sends=True)


def _find_urls(command: Command) -> Iterator[Endpoint]:
    sends = command.program == "git" and any(word.text == "push" for word in command.targets)
    for word in command.args:
        if "://" in word.text:
            yield from _read(word, _url_of(word.text), sends)


def _read_first(command: Command, programs: Programs) -> Iterator[Endpoint]:
    """Read the first word that can be a host."""
    for word in plain_words(command, programs.valued.get(command.program or "", _NONE)):
        if "." in word.text or "@" in word.text or ":" in word.text or word.text == "localhost":
            yield from _read(word, word.text, sends=True)
            return


def _read(word: Word, text: str, sends: bool) -> Iterator[Endpoint]:
    if (host := read_url(text)) is not None:
        yield Endpoint(word, host, sends)


def _url_of(text: str) -> str:
    """Cut a URL out of a word such as `--index=https://...` or `git+https://...`."""
    start = text.find("://")
    while start > 0 and (text[start - 1].isalnum() or text[start - 1] in "+.-"):
        start -= 1
    return text[start:]
