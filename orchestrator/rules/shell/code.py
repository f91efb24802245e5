"""Follow code that is run: by a shell, by `eval`, from a file's or a pipe's text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.rules.shell.command import Command, Word
from orchestrator.rules.shell.interpreters import INITIALISERS, find_code
from orchestrator.rules.shell.scope import Scope, Variable
from orchestrator.rules.shell.simple import Expanded, Feed

_STDIN = ("/dev/stdin", "/proc/self/fd/0", "/dev/fd/0")


class CodeFollower(ABC):
    """Runs the programs that run code."""

    commands: list[Command]

    @abstractmethod
    def doubt(self, why: str) -> None:
        """Take note of why the line is not fully understood."""

    @abstractmethod
    def emit(self, simple: Expanded, program: str | None, code_from: tuple[str, ...] = ()) -> None:
        """Add a command to those that would run."""

    @abstractmethod
    def read(self, code: str, simple: Expanded, place: Word, feed: Feed) -> None:
        """Read `code`, which stands at `place` in the text of `simple`, as shell."""

    def trap(self, simple: Expanded) -> None:
        """Run what a signal would."""
        self.emit(simple, "trap")
        args = simple.words[1:]
        if len(args) > 1 and args[0].text not in ("", "-", "-p", "-l"):
            self.read(args[0].text, simple, args[0], _within(simple, "trap"))

    def evaluate(self, simple: Expanded) -> None:
        """Run the arguments of `eval`."""
        args = simple.words[1:]
        if any(_is_opaque(word) for word in args):
            self._run_unseen(simple, "eval", simple.sources)
            simple.reader.scope.forget()
        elif args:
            code, place = join(args)
            self.read(code, simple, place, _within(simple, "eval"))

    def source(self, simple: Expanded) -> None:
        """Run a file in this shell; what it sets is not known."""
        program = simple.words[0].text
        text = simple.words[1].text if len(simple.words) > 1 else ""
        if text.startswith("<("):
            self._run_unseen(simple, program, simple.sources)
        elif text in _STDIN:
            self.run_input(simple, program, program)
        else:
            self.emit(simple, program)
        simple.reader.scope.forget()

    def interpret(self, simple: Expanded, program: str) -> None:
        """Run an interpreter on what it is given: an argument, its input or a file."""
        code = find_code(program, simple.args)
        if code is None:
            if any(word.text.startswith("<(") for word in simple.words[1:3]):
                self._run_unseen(simple, program, simple.sources)
            else:
                self.emit(simple, program)
        elif code.text is None:
            self.run_input(simple, program, code.label)
        elif _is_opaque(code.text):
            self._run_unseen(simple, program, simple.sources)
        else:
            if simple.sources and not code.text.known:
                self.emit(simple, program, code_from=simple.sources)
            with inside(simple, simple.reader.scope.copy()) as scope:
                scope.arguments = code.arguments
                self.read(code.text.text, simple, code.text, _within(simple, code.label))

    def run_input(self, simple: Expanded, program: str, label: str) -> None:
        """Run what `program` reads; `label` is empty if that is not shell."""
        feed = simple.feed
        if feed.stdin is None:
            if feed.reads_pipe:
                self._run_unseen(simple, program, feed.sources)
            else:
                self.emit(simple, program)
            return
        written = () if feed.stdin.known else simple.sources
        self.emit(simple, program, code_from=(*feed.sources, *written))
        if not label:
            return
        if _is_opaque(feed.stdin):
            self.doubt(f"the code that {program} runs cannot be seen")
            return
        with inside(simple, _scope_of(program, simple.reader.scope)):
            inner = Feed(wrappers=(*feed.wrappers, label))
            self.read(feed.stdin.text, simple, feed.stdin, inner)

    def _run_unseen(self, simple: Expanded, program: str, sources: tuple[str, ...]) -> None:
        """Run code that is not in the line; a file that is only passed on is like a script."""
        self.emit(simple, program, code_from=sources)
        inner = self.commands[simple.mark : -1]
        if inner and all(_is_initialiser(command) for command in inner):
            return
        if sources != ("cat",):
            self.doubt(f"the code that {program} runs cannot be seen")


def elsewhere() -> Scope:
    """Return the scope of code that runs at another time or place."""
    scope = Scope()
    scope.cwd_known = False
    return scope


@contextmanager
def inside(simple: Expanded, scope: Scope) -> Iterator[Scope]:
    """Let the text of `simple` be read under another scope."""
    held, simple.reader.scope = simple.reader.scope, scope
    yield scope
    simple.reader.scope = held


@contextmanager
def lent(simple: Expanded) -> Iterator[None]:
    """Let code see the variables set before the command that runs it: `x=1 sh -c ...`."""
    variables = simple.reader.scope.variables
    held = {name: variables.get(name) for name, _ in simple.assignments}
    for name, value in simple.assignments:
        variables[name] = Variable((value.text,), value.known)
    yield
    for name, old in held.items():
        if old is None:
            simple.reader.scope.variables.pop(name, None)
        else:
            simple.reader.scope.variables[name] = old


def join(words: list[Word]) -> tuple[str, Word]:
    """Return the text that several words make, and where it stands."""
    text = " ".join(word.text for word in words)
    known = all(word.known for word in words)
    return text, Word(text, known, words[0].start, words[-1].end)


def _within(simple: Expanded, wrapper: str) -> Feed:
    return simple.feed._replace(wrappers=(*simple.feed.wrappers, wrapper))


def _scope_of(program: str, scope: Scope) -> Scope:
    """Return the scope of a program's input: its own, unless it is this very shell."""
    if program in ("source", "."):
        return scope
    return elsewhere() if program == "ssh" else scope.copy()


def _is_opaque(word: Word) -> bool:
    """Say whether `word` is code that starts with something that cannot be seen."""
    return not word.known and word.text.lstrip().startswith(("$", "`", "<("))


def _is_initialiser(command: Command) -> bool:
    return command.program in INITIALISERS or any(
        word.text in ("completion", "completions") for word in command.args
    )
