"""One proposed call as rules see it: its texts, commands, paths, hosts, recipients and numbers.

Each facet is worked out once, when the first rule asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orchestrator.domain.action import Action, ToolSpec
from orchestrator.rules.access import find_touched
from orchestrator.rules.arguments import (
    join_line,
    join_pointer,
    read_numbers,
    read_texts,
    sends_data,
    split_addresses,
)
from orchestrator.rules.banks import Banks
from orchestrator.rules.endpoints import find_endpoints
from orchestrator.rules.facets import Code, Contact, Finding, Line, Sub, Text, Touch
from orchestrator.rules.globs import has_wildcard
from orchestrator.rules.hosts import read_url
from orchestrator.rules.lazy import lazy
from orchestrator.rules.paths import locate
from orchestrator.rules.schema import Access
from orchestrator.rules.secrets import SecretSpan
from orchestrator.rules.shell import Command, Word, parse_shell
from orchestrator.rules.snippets import read_python
from orchestrator.rules.statements import Statement, find_client_sql, parse_sql
from orchestrator.rules.tools import Identity, ToolMap

MAX_WILD = 64
"""Of more paths with wildcards, what they may stand for is not looked at."""


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
        asked: frozenset[float] = frozenset(),
        result_of: Identity | None = None,
    ) -> None:
        self.action = action
        self.root = root
        self.asked = asked
        self._tools = tools
        self.banks = banks
        self._links = links or {}
        self.identity = result_of or tools.identify(action, spec)
        self._is_result = result_of is not None
        self.kind = self.identity.kind
        self.name = self.identity.name

    @lazy
    def texts(self) -> tuple[Text, ...]:
        """Every string among the arguments, with its JSON pointer."""
        return tuple(read_texts(self.action.arguments, self._tools))

    @lazy
    def known(self) -> tuple[tuple[Text, frozenset[int]], ...]:
        """Each text, with the numbers of the patterns that occur in it."""
        bank = self.banks.texts
        return tuple((text, known) for text in self.texts if (known := bank.matches(text.text)))

    @lazy
    def secrets(self) -> tuple[tuple[Text, tuple[SecretSpan, ...]], ...]:
        """Each text that holds a secret, with where."""
        find = self.banks.scanner.find
        return tuple((text, spans) for text in self.texts if (spans := find(text.text)))

    @lazy
    def lines(self) -> tuple[Line, ...]:
        """Every shell line that would run: the call's own, then those inside its Python."""
        inside = (
            Line(code.pointer, one.text, parse_shell(one.text), max(code.base + one.start, 0))
            for code in self.snippets
            for one in code.snippet.lines
        )
        return (*self._own_lines, *inside)

    @lazy
    def subs(self) -> tuple[Sub, ...]:
        """Every command that would run."""
        return tuple(sub for line in self.lines for sub in _read_subs(line))

    @lazy
    def unknown(self) -> tuple[Finding, ...]:
        """Each shell line that is not fully understood, with why."""
        wild = sum(touch.wild for touch in self.touches) >= MAX_WILD
        beyond = f"it has {MAX_WILD} paths with wildcards or more" if wild else None
        return tuple(
            Finding(one.pointer, one.base, one.base + len(one.text), one.text, None, why)
            for one in self.lines
            if (why := one.shell.unknown or beyond)
        )

    @lazy
    def snippets(self) -> tuple[Code, ...]:
        """Every piece of Python that would run: an argument, or code given to an interpreter."""
        if self._is_result:
            return ()
        if self.kind == "code":
            return tuple(
                Code(text.pointer, 0, read_python(text.text), None)
                for text in self.texts
                if "code" in text.roles
            )
        return tuple(
            Code(sub.pointer, sub.base + word.start, read_python(word.text), sub)
            for line in self._own_lines
            for sub in _read_subs(line)
            if (sub.command.program or "").startswith(_PYTHON)
            for word in _find_code(sub.command)
        )

    @lazy
    def _own_lines(self) -> tuple[Line, ...]:
        if self.kind != "shell" or self._is_result:
            return ()
        found = []
        for name, value in self.action.arguments.items():
            if "line" in self._tools.roles_of(name) and (line := join_line(value)):
                found.append(Line(join_pointer("", name), line, parse_shell(line)))
        if not found:
            found = [Line(t.pointer, t.text, parse_shell(t.text)) for t in self.texts]
        return tuple(found)

    @lazy
    def touches(self) -> tuple[Touch, ...]:
        """Every path that an argument or a command names."""
        return (
            *self._touch_by_arguments(),
            *self._touch_by_commands(),
            *self._touch_by_snippets(),
        )

    @lazy
    def contacts(self) -> tuple[Contact, ...]:
        """Every host that an argument or a command names."""
        return (
            *self._contact_by_arguments(),
            *self._contact_by_commands(),
            *self._contact_by_snippets(),
        )

    @lazy
    def recipients(self) -> tuple[Finding, ...]:
        """Every address that a message would go to."""
        return tuple(
            Finding(text.pointer, 0, len(text.text), one)
            for text in self.texts
            if "recipient" in text.roles
            for one in split_addresses(text.text)
        )

    @lazy
    def statements(self) -> tuple[tuple[Statement, Finding], ...]:
        """Every SQL statement; imports the SQL parser on the first."""
        found = []
        if self.kind == "sql":
            for text in self.texts:
                if "statement" in text.roles:
                    finding = Finding(text.pointer, 0, len(text.text), text.text)
                    found += [(statement, finding) for statement in parse_sql(text.text)]
        for sub in self.subs:
            for word in find_client_sql(sub.command, self.banks.programs):
                finding = self._in_command(sub, word)
                found += [(statement, finding) for statement in parse_sql(word.text)]
        return tuple(found)

    @lazy
    def numbers(self) -> tuple[tuple[frozenset[str], float, Finding], ...]:
        """Every number among the arguments, with the names and roles it goes by."""
        return tuple(read_numbers(self.action.arguments, self._tools))

    @lazy
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
                yield self._touch(text.text, access, self.folder, finding)

    def _touch_by_commands(self) -> Iterator[Touch]:
        left = MAX_WILD
        for sub in self.subs:
            folder = self.folder
            if sub.command.cwd is not None:
                folder = locate(sub.command.cwd, folder).full
            for word, access in find_touched(sub.command, self.banks.programs):
                finding = self._in_command(sub, word)
                resolved = _is_resolved(word) and (sub.command.cwd_known or word.text[:1] in "/~")
                wild = left > 0 and not word.known and has_wildcard(word.text)
                left -= wild
                yield self._touch(word.text, access, folder, finding, resolved, wild)

    def _touch_by_snippets(self) -> Iterator[Touch]:
        for code in self.snippets:
            for path, access in code.snippet.files:
                resolved = "$" not in path.text
                yield self._touch(path.text, access, self.folder, code.find(path), resolved)

    def _touch(
        self,
        path: str,
        access: Access,
        folder: str | None,
        finding: Finding,
        resolved: bool = True,
        wild: bool = False,
    ) -> Touch:
        leads = self._links.get(path)
        real = locate(leads, None) if leads else None
        return Touch(locate(path, folder), real, access, resolved, wild, finding)

    def _contact_by_arguments(self) -> Iterator[Contact]:
        if self.kind == "shell":
            return
        sends = sends_data(self.action.arguments)
        for text in self.texts:
            if len(text.text) < 8192 and ("url" in text.roles or "://" in text.text[:32]):
                if self.kind != "http" and "://" not in text.text:
                    continue
                host = read_url(text.text)
                if host is not None and host.scheme != "file":
                    yield Contact(host, sends, Finding(text.pointer, 0, len(text.text), text.text))

    def _contact_by_commands(self) -> Iterator[Contact]:
        for sub in self.subs:
            for word, host, sends in find_endpoints(sub.command, self.banks.programs):
                yield Contact(host, sends, self._in_command(sub, word))

    def _contact_by_snippets(self) -> Iterator[Contact]:
        for code in self.snippets:
            for url, sends in code.snippet.urls:
                if (host := read_url(url.text)) is not None:
                    yield Contact(host, sends, code.find(url))

    @staticmethod
    def _in_command(sub: Sub, word: Word) -> Finding:
        start, end = word.start, word.end
        return Finding(sub.pointer, sub.base + start, sub.base + end, sub.line[start:end], sub)


_PYTHON = ("python", "pypy", "ipython")
_ACCESS_OF: dict[str, Access] = {"file_read": "read", "file_write": "write"}


def _read_subs(line: Line) -> Iterator[Sub]:
    for command in line.shell.commands:
        yield Sub(line.pointer, line.text, command, line.base)


def _find_code(command: Command) -> Iterator[Word]:
    """Yield the code that an interpreter is given on its command line or as its input."""
    if command.stdin is not None:
        yield command.stdin
    following = False
    for word in command.args:
        if following:
            yield word
        following = word.text == "-c"


def _is_resolved(word: Word) -> bool:
    """Say whether it is clear which path a word is; a glob is, up to what it matches."""
    return word.known or not (word.text == "{}" or any(mark in word.text for mark in "$`<"))
