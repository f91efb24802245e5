"""One proposed call as rules see it: its texts, commands, paths, hosts, recipients and numbers.

Each facet is worked out once, when the first rule asks for it.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from pydantic import JsonValue

from orchestrator.domain.action import Action, ToolSpec
from orchestrator.domain.value import JsonObject
from orchestrator.rules.access import find_touched
from orchestrator.rules.banks import Banks
from orchestrator.rules.endpoints import find_endpoints
from orchestrator.rules.hosts import Host, read_url
from orchestrator.rules.paths import Location, locate
from orchestrator.rules.schema import Access
from orchestrator.rules.secrets import SecretSpan
from orchestrator.rules.shell import Command, Shell, Word, parse_shell
from orchestrator.rules.statements import Statement, find_client_sql, parse_sql
from orchestrator.rules.tools import Identity, Role, ToolMap, plain_name

MAX_TEXTS = 20_000
"""More strings than this in one call are too many to judge; the call is held for that."""


class Text(NamedTuple):
    """A string among the arguments."""

    pointer: str
    argument: str
    """The name of the top-level argument it stands in, as names are compared."""
    roles: frozenset[Role]
    """What the nearest name around it may hold."""
    text: str


class Sub(NamedTuple):
    """A command that a shell line would run."""

    pointer: str
    line: str
    command: Command


class Finding(NamedTuple):
    """Something a matcher found, with where it stands."""

    pointer: str
    start: int
    end: int
    text: str
    sub: Sub | None = None
    detail: str | None = None


class Touch(NamedTuple):
    """A file or folder that the call touches."""

    location: Location
    real: Location | None
    """Where symbolic links lead, if they do."""
    access: Access
    resolved: bool
    finding: Finding


class Contact(NamedTuple):
    """A host that the call speaks to."""

    host: Host
    sends: bool
    finding: Finding


class Call:
    """An action with its facets."""

    def __init__(
        self,
        action: Action,
        tools: ToolMap,
        banks: Banks,
        *,
        spec: ToolSpec | None = None,
        root: str | None = None,
        links: Mapping[str, str] | None = None,
        result_of: Identity | None = None,
    ) -> None:
        self.action = action
        self.root = root
        self._tools = tools
        self._banks = banks
        self._links = links or {}
        self.identity = result_of or tools.identify(action, spec)
        self._is_result = result_of is not None
        self.kind = self.identity.kind
        self.name = self.identity.name

    @cached_property
    def texts(self) -> tuple[Text, ...]:
        """Every string among the arguments, with its JSON pointer."""
        return tuple(_read_texts(self.action.arguments, self._tools))

    @cached_property
    def known(self) -> tuple[tuple[Text, frozenset[int]], ...]:
        """Each text, with the numbers of the patterns that occur in it."""
        bank = self._banks.texts
        return tuple((text, known) for text in self.texts if (known := bank.matches(text.text)))

    @cached_property
    def secrets(self) -> tuple[tuple[Text, tuple[SecretSpan, ...]], ...]:
        """Each text that holds a secret, with where."""
        find = self._banks.scanner.find
        return tuple((text, spans) for text in self.texts if (spans := find(text.text)))

    @cached_property
    def lines(self) -> tuple[tuple[str, str, Shell], ...]:
        """Each shell line: its pointer, its text and what it was parsed to."""
        if self.kind != "shell" or self._is_result:
            return ()
        found = []
        for name, value in self.action.arguments.items():
            if "line" in self._tools.roles_of(name) and (line := _join_line(value)):
                found.append((_pointer("", name), line, parse_shell(line)))
        if not found:
            found = [(t.pointer, t.text, parse_shell(t.text)) for t in self.texts]
        return tuple(found)

    @cached_property
    def subs(self) -> tuple[Sub, ...]:
        """Every command that would run."""
        return tuple(
            Sub(pointer, line, command)
            for pointer, line, shell in self.lines
            for command in shell.commands
        )

    @cached_property
    def unknown(self) -> tuple[Finding, ...]:
        """Each shell line that is not fully understood, with why."""
        return tuple(
            Finding(pointer, 0, len(line), line, None, shell.unknown)
            for pointer, line, shell in self.lines
            if shell.unknown
        )

    @cached_property
    def touches(self) -> tuple[Touch, ...]:
        """Every path that an argument or a command names."""
        return tuple(self._touch_by_arguments()) + tuple(self._touch_by_commands())

    @cached_property
    def contacts(self) -> tuple[Contact, ...]:
        """Every host that an argument or a command names."""
        return tuple(self._contact_by_arguments()) + tuple(self._contact_by_commands())

    @cached_property
    def recipients(self) -> tuple[Finding, ...]:
        """Every address that a message would go to."""
        return tuple(
            Finding(text.pointer, 0, len(text.text), one)
            for text in self.texts
            if "recipient" in text.roles
            for one in _split_addresses(text.text)
        )

    @cached_property
    def statements(self) -> tuple[tuple[Statement, Finding], ...]:
        """Every SQL statement; imports the SQL parser on the first."""
        found = []
        if self.kind == "sql":
            for text in self.texts:
                if "statement" in text.roles:
                    finding = Finding(text.pointer, 0, len(text.text), text.text)
                    found += [(statement, finding) for statement in parse_sql(text.text)]
        for sub in self.subs:
            for word in find_client_sql(sub.command, self._banks.programs):
                finding = self._in_command(sub, word)
                found += [(statement, finding) for statement in parse_sql(word.text)]
        return tuple(found)

    @cached_property
    def numbers(self) -> tuple[tuple[frozenset[str], float, Finding], ...]:
        """Every number among the arguments, with the names and roles it goes by."""
        return tuple(_read_numbers(self.action.arguments, self._tools))

    @cached_property
    def folder(self) -> str | None:
        """Where relative paths start."""
        for name in ("cwd", "workdir", "working_directory", "working_dir"):
            value = self.action.arguments.get(name)
            if isinstance(value, str) and value:
                return locate(value, self.root).full
        return self.root

    def _touch_by_arguments(self) -> Iterator[Touch]:
        if self.kind == "shell":
            return
        access = _ACCESS_OF.get(self.kind, "use")
        if self.kind == "file_write" and any(w in self.name for w in ("delete", "remove", "move")):
            access = "delete"
        for text in self.texts:
            if "path" in text.roles and len(text.text) < 4096:
                finding = Finding(text.pointer, 0, len(text.text), text.text)
                yield self._touch(text.text, access, True, self.folder, finding)

    def _touch_by_commands(self) -> Iterator[Touch]:
        for sub in self.subs:
            folder = self.folder
            if sub.command.cwd is not None:
                folder = locate(sub.command.cwd, folder).full
            for word, access in find_touched(sub.command, self._banks.programs):
                finding = self._in_command(sub, word)
                yield self._touch(word.text, access, _is_resolved(word), folder, finding)

    def _touch(
        self, written: str, access: Access, resolved: bool, folder: str | None, finding: Finding
    ) -> Touch:
        real = self._links.get(written)
        location = locate(written, folder)
        return Touch(location, locate(real, None) if real else None, access, resolved, finding)

    def _contact_by_arguments(self) -> Iterator[Contact]:
        if self.kind == "shell":
            return
        sends = _sends_data(self.action.arguments)
        for text in self.texts:
            if len(text.text) < 8192 and ("url" in text.roles or "://" in text.text[:32]):
                if self.kind != "http" and "://" not in text.text:
                    continue
                host = read_url(text.text)
                if host is not None and host.scheme != "file":
                    yield Contact(host, sends, Finding(text.pointer, 0, len(text.text), text.text))

    def _contact_by_commands(self) -> Iterator[Contact]:
        for sub in self.subs:
            for word, host, sends in find_endpoints(sub.command, self._banks.programs):
                yield Contact(host, sends, self._in_command(sub, word))

    @staticmethod
    def _in_command(sub: Sub, word: Word) -> Finding:
        return Finding(sub.pointer, word.start, word.end, sub.line[word.start : word.end], sub)


_ACCESS_OF: dict[str, Access] = {"file_read": "read", "file_write": "write"}


def _read_texts(arguments: JsonObject, tools: ToolMap) -> Iterator[Text]:
    """Walk the arguments without recursion, for they may be nested as deep as they like."""
    stack: list[tuple[str, str, frozenset[Role], JsonValue]] = [
        (_pointer("", name), plain_name(name), tools.roles_of(name), value)
        for name, value in reversed(arguments.items())
    ]
    count = 0
    while stack and count < MAX_TEXTS:
        pointer, argument, roles, value = stack.pop()
        if isinstance(value, str):
            count += 1
            yield Text(pointer, argument, roles, value)
        elif isinstance(value, dict):
            for key, item in reversed(value.items()):
                own = tools.roles_of(key)
                stack.append((_pointer(pointer, key), argument, own or roles, item))
        elif isinstance(value, list):
            stack.extend(
                (f"{pointer}/{place}", argument, roles, value[place])
                for place in range(len(value) - 1, -1, -1)
            )


def _read_numbers(
    arguments: JsonObject, tools: ToolMap
) -> Iterator[tuple[frozenset[str], float, Finding]]:
    stack: list[tuple[str, str, JsonValue]] = [("", "", arguments)]
    count = 0
    while stack and count < MAX_TEXTS:
        pointer, name, value = stack.pop()
        count += 1
        if isinstance(value, dict):
            stack += [(_pointer(pointer, key), key, value[key]) for key in value]
        elif isinstance(value, list):
            stack += [(f"{pointer}/{place}", name, item) for place, item in enumerate(value)]
        elif (number := _read_number(value)) is not None:
            names = frozenset((plain_name(name), *tools.roles_of(name)))
            shown = str(value)
            yield names, number, Finding(pointer, 0, len(shown), shown)


def _read_number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return float(value)
    if not isinstance(value, str) or len(value) > 40:
        return None
    text = value.strip().strip("$€£ ").replace(",", "").replace("_", "")
    text = text.removesuffix("EUR").removesuffix("USD").strip()
    if not text[:1].isdigit() and text[:1] not in ("-", ".", "+"):
        return None
    try:
        return float(text)
    except ValueError:
        return None


def _join_line(value: Any) -> str:
    """Make one shell line of a command given as text, as words or as several commands."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return ""
    several = len(value) > 1 and all(" " in item for item in value)
    return "\n".join(value) if several else shlex.join(value)


def _is_resolved(word: Word) -> bool:
    """Say whether it is clear which path a word is; a glob is, up to what it matches."""
    return word.known or not any(mark in word.text.removeprefix("$HOME") for mark in "$`<")


def _split_addresses(text: str) -> Iterator[str]:
    for piece in text.replace(";", ",").split(","):
        if (address := piece.strip()) and len(address) < 512:
            yield address.rsplit("<", 1)[-1].rstrip(">").strip() or address


def _sends_data(arguments: Mapping[str, Any]) -> bool:
    method = arguments.get("method")
    if isinstance(method, str) and method.upper() in ("POST", "PUT", "PATCH", "DELETE"):
        return True
    return any(
        bool(arguments.get(name)) for name in ("body", "data", "json", "payload", "form", "files")
    )


def _pointer(parent: str, key: str) -> str:
    return f"{parent}/{key.replace('~', '~0').replace('/', '~1')}"
