"""Turn simple commands into what really runs: calls, wrappers, interpreters, nested code."""

from __future__ import annotations

from orchestrator.rules.shell.builtins import apply_builtin
from orchestrator.rules.shell.command import Command, Shell, Word, basename, split_arguments
from orchestrator.rules.shell.interpreters import INITIALISERS, is_interpreter, read_code
from orchestrator.rules.shell.scope import Function, Place, Scope, Variable
from orchestrator.rules.shell.script import Script, read_script
from orchestrator.rules.shell.simple import Expanded, Feed, SimpleReader
from orchestrator.rules.shell.wrappers import Unwrapped, login_shell, unwrap

MAX_DEPTH = 50
MAX_STEPS = 2_000
MAX_WRAPPERS = 12
MAX_EXPANDED = 200_000


def read_line(line: str) -> Shell:
    """Return every command that `line` would run."""
    reader = _Reader()
    try:
        read_script(line, Scope(), reader, Feed(), Place())
        reader.walk_uncalled()
    except RecursionError:
        reader.doubt(_TOO_DEEP)
    return Shell(tuple(reader.commands), reader.unknown)


_TOO_DEEP = "it is nested too deep to follow"


class _Reader:
    """Collects the commands of one line."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.unknown: str | None = None
        self.depth = 0
        self.steps = 0
        self.expanded = 0
        self.pipelines = 0
        self.uncalled: dict[int, Function] = {}
        self.calls: list[str] = []

    # bounds

    def doubt(self, why: str) -> None:
        self.unknown = self.unknown or why

    def step(self) -> bool:
        self.steps += 1
        if self.steps > MAX_STEPS:
            self.doubt(f"it takes more than {MAX_STEPS:,} steps to follow")
        return self.steps <= MAX_STEPS

    def spend(self, size: int) -> bool:
        self.expanded += size
        return self.expanded <= MAX_EXPANDED

    def descend(self) -> bool:
        if self.depth >= MAX_DEPTH:
            self.doubt(_TOO_DEEP)
            return False
        self.depth += 1
        return True

    def ascend(self) -> None:
        self.depth -= 1

    def next_pipeline(self) -> int:
        self.pipelines += 1
        return self.pipelines

    # functions

    def define(self, function: Function) -> None:
        self.uncalled[id(function.body)] = function

    def walk_uncalled(self) -> None:
        """Count the bodies of functions that the line defines and does not call."""
        while self.uncalled:
            _, function = self.uncalled.popitem()
            Script(function.text, _elsewhere(), self, ()).walk((function.body,), Feed())

    def _call(self, script: SimpleReader, simple: Expanded, function: Function) -> None:
        self.uncalled.pop(id(function.body), None)
        name = simple.words[0].text
        if name in self.calls:
            feed = simple.feed._replace(wrappers=(*simple.feed.wrappers, "recursion"))
            self._emit(script, simple._replace(feed=feed), name)
            return
        self.calls.append(name)
        scope, held = script.scope, script.scope.arguments
        _lend(simple, scope)
        scope.arguments = tuple(simple.words[1:])
        inner = Script(function.text, scope, self, simple.feed.wrappers)
        inner.walk((function.body,), simple.feed)
        scope.arguments = held
        self.calls.pop()

    # simple commands

    def take(self, script: SimpleReader, simple: Expanded) -> None:
        """Take a simple command: a function's name, an alias or a program."""
        words = simple.words
        if not words:
            if simple.feed.redirects or simple.assignments:
                self._emit(script, simple, "")
            return
        first, scope = words[0], script.scope
        name = first.text
        function = scope.functions.get(name) if first.known else None
        if function:
            self._call(script, simple, function)
            if function.is_certain:
                return
        if name in scope.aliases and f"alias {name}" not in self.calls:
            self._expand_alias(script, simple, name)  # only an interactive shell would
        self._run(script, simple)

    def _expand_alias(self, script: SimpleReader, simple: Expanded, name: str) -> None:
        rest = script.text[simple.words[0].end : simple.end]
        self.calls.append(f"alias {name}")
        self._read(script.scope.aliases[name] + rest, script, simple, simple.words[0], simple.feed)
        self.calls.pop()

    def _run(self, script: SimpleReader, simple: Expanded) -> None:
        """Run a program, even where a function has its name: wrappers see no functions."""
        first = simple.words[0]
        program = basename(first.text) if first.known else _fixed_name(script, first)
        if program is None:
            self.doubt(f"what {first.text[:40]!r} runs cannot be told")
            self._emit(script, simple, None)
            return
        inner = unwrap(program, simple.words)
        if not inner or inner[0].kept:
            self._run_program(script, simple, program, is_bare=not inner)
        for unwrapped in inner:
            self._run_unwrapped(script, simple, unwrapped)

    def _run_unwrapped(self, script: SimpleReader, simple: Expanded, inner: Unwrapped) -> None:
        feed = simple.feed._replace(wrappers=(*simple.feed.wrappers, inner.name))
        if len(feed.wrappers) > MAX_WRAPPERS or not self.descend():
            self.doubt(_TOO_DEEP)
            return
        held = script.scope
        if inner.remote:
            script.scope = _elsewhere()
        if inner.is_code:
            code = " ".join(word.text for word in inner.words)
            first, last = inner.words[0], inner.words[-1]
            place = first if len(inner.words) == 1 else Word(code, False, first.start, last.end)
            self._read(code, script, simple, place, feed)
        else:
            self._run(script, simple._replace(words=self._fill(inner, simple), feed=feed))
        self.ascend()
        script.scope = held

    def _fill(self, inner: Unwrapped, simple: Expanded) -> list[Word]:
        """Return the wrapped words; those of `xargs` with the literal text it reads."""
        stdin = simple.feed.stdin
        if inner.name != "xargs" or stdin is None or not stdin.known:
            return inner.words
        if inner.words[-1].text != "{}":
            return inner.words
        read = stdin.text.split()
        end = inner.words[-1].end
        return [*inner.words[:-1], *(Word(text, True, end, end) for text in read)]

    def _run_program(
        self, script: SimpleReader, simple: Expanded, program: str, *, is_bare: bool
    ) -> None:
        args = tuple(simple.words[1:])
        if is_bare and (label := login_shell(program, simple.words)):
            self._run_stdin(script, simple, program, label)
            return
        if program in ("eval", "source", ".", "trap"):
            self._run_builtin(script, simple, program, args)
            return
        if is_interpreter(program):
            self._run_interpreter(script, simple, program, args)
            return
        self._emit(script, simple, program)
        apply_builtin(program, args, script.scope)

    def _run_builtin(
        self, script: SimpleReader, simple: Expanded, program: str, args: tuple[Word, ...]
    ) -> None:
        if program == "trap":
            self._emit(script, simple, program)
            if len(args) > 1 and args[0].text not in ("", "-", "-p", "-l"):
                feed = simple.feed._replace(wrappers=(*simple.feed.wrappers, program))
                self._read(args[0].text, script, simple, args[0], feed)
        elif program == "eval":
            self._eval(script, simple, args)
        else:
            self._source(script, simple, program, args)

    def _eval(self, script: SimpleReader, simple: Expanded, args: tuple[Word, ...]) -> None:
        if any(_is_opaque(word) for word in args):
            self._run_unseen(script, simple, "eval", simple.sources)
            script.scope.forget()
        elif args:
            code = " ".join(word.text for word in args)
            place = args[0] if len(args) == 1 else Word(code, False, args[0].start, args[-1].end)
            feed = simple.feed._replace(wrappers=(*simple.feed.wrappers, "eval"))
            self._read(code, script, simple, place, feed)

    def _source(
        self, script: SimpleReader, simple: Expanded, program: str, args: tuple[Word, ...]
    ) -> None:
        text = args[0].text if args else ""
        if text.startswith("<("):
            self._run_unseen(script, simple, program, simple.sources)
        elif text in ("/dev/stdin", "/proc/self/fd/0", "/dev/fd/0"):
            self._run_stdin(script, simple, program, program)
        else:
            self._emit(script, simple, program)
        script.scope.forget()

    # code

    def _run_interpreter(
        self, script: SimpleReader, simple: Expanded, program: str, args: tuple[Word, ...]
    ) -> None:
        code = read_code(program, args)
        if code is None:
            if any(word.text.startswith("<(") for word in args[:2]):
                self._run_unseen(script, simple, program, simple.sources)
            else:
                self._emit(script, simple, program)
        elif code.text is None:
            self._run_stdin(script, simple, program, code.label)
        elif _is_opaque(code.text):
            self._run_unseen(script, simple, program, simple.sources)
        else:
            if simple.sources and not code.text.known:
                self._emit(script, simple, program, code_from=simple.sources)
            feed = simple.feed._replace(wrappers=(*simple.feed.wrappers, code.label))
            held, script.scope = script.scope, script.scope.copy()
            script.scope.arguments = code.arguments
            self._read(code.text.text, script, simple, code.text, feed)
            script.scope = held

    def _run_stdin(self, script: SimpleReader, simple: Expanded, program: str, label: str) -> None:
        feed = simple.feed
        if feed.stdin is None:
            if feed.reads_pipe:
                self._run_unseen(script, simple, program, feed.sources)
            else:
                self._emit(script, simple, program)
            return
        written = () if feed.stdin.known else simple.sources
        self._emit(script, simple, program, code_from=(*feed.sources, *written))
        if not label:
            return
        if not feed.stdin.known and _is_opaque(feed.stdin):
            self.doubt(f"the code that {program} runs cannot be seen")
            return
        held = script.scope
        if program == "ssh":
            script.scope = _elsewhere()
        elif program not in ("source", "."):
            script.scope = held.copy()
        inner = Feed(wrappers=(*feed.wrappers, label))
        self._read(feed.stdin.text, script, simple, feed.stdin, inner)
        script.scope = held

    def _run_unseen(
        self, script: SimpleReader, simple: Expanded, program: str, sources: tuple[str, ...]
    ) -> None:
        self._emit(script, simple, program, code_from=sources)
        inner = self.commands[simple.mark : -1]
        if not inner or not all(_is_initialiser(command) for command in inner):
            self.doubt(f"the code that {program} runs cannot be seen")

    def _read(
        self, code: str, script: SimpleReader, simple: Expanded, place: Word, feed: Feed
    ) -> None:
        """Read `code` found at `place` of `script` as shell."""
        if not self.spend(len(code)) or len(feed.wrappers) > MAX_WRAPPERS or not self.descend():
            self.doubt(_TOO_DEEP)
            return
        scope = script.scope
        _lend(simple, scope)
        outer = script.source.place
        written = script.text[place.start : place.end]
        shift = 0 if written == code else 1 if written[1:-1] == code else None
        if shift is None or outer.offset is None:
            inner = Place(None, outer.locate(place.start, place.end))
        else:
            inner = Place(outer.offset + place.start + shift)
        read_script(code, scope, self, feed, inner)
        self.ascend()

    def _emit(
        self,
        script: SimpleReader,
        simple: Expanded,
        program: str | None,
        code_from: tuple[str, ...] = (),
    ) -> None:
        words, feed, scope = simple.words, simple.feed, script.scope
        place = script.source.place
        args = tuple(words[1:])
        flags, targets = split_arguments(args)
        start = words[0].start if words else simple.start
        redirect_end = max((r.target.end for r in simple.feed.redirects), default=0)
        end = max(words[-1].end, redirect_end) if words else simple.end
        start, end = min(start, end), max(start, end)
        command = Command(
            program,
            words[0] if words else None,
            args,
            flags,
            targets,
            simple.feed.redirects,
            simple.assignments,
            feed.wrappers,
            feed.reads_pipe,
            feed.pipeline or self.next_pipeline(),
            feed.stage,
            feed.stdin_from,
            feed.stdin,
            code_from,
            scope.cwd,
            scope.cwd_known,
            script.text[start:end],
            start,
            end,
        )
        self.commands.append(command if place.offset == 0 else _move(command, place))


def _lend(simple: Expanded, scope: Scope) -> None:
    """Let code see the variables set before the command that runs it: `x=1 sh -c ...`."""
    for name, value in simple.assignments:
        scope.variables[name] = Variable((value.text,), value.known)


def _is_opaque(word: Word) -> bool:
    """Say whether `word` is code that starts with something that cannot be seen."""
    return not word.known and word.text.lstrip().startswith(("$", "`", "<("))


def _elsewhere() -> Scope:
    """Return the scope of code that runs at another time or place."""
    scope = Scope()
    scope.cwd_known = False
    return scope


def _fixed_name(script: SimpleReader, word: Word) -> str | None:
    """Return the name of a program whose directory alone is unknown, as in `"$x/bin/tool"`."""
    written, name = script.text[word.start : word.end], word.text.rpartition("/")[2]
    quoted = written.count('"') == 2 and written[0] == written[-1] == '"'
    return name if quoted and name and name.replace("-", "").replace(".", "").isalnum() else None


def _is_initialiser(command: Command) -> bool:
    return command.program in INITIALISERS or any(
        word.text in ("completion", "completions") for word in command.args
    )


def _move(command: Command, place: Place) -> Command:
    """Return `command` with the offsets it has in the line."""

    def move(word: Word) -> Word:
        return Word(word.text, word.known, *place.locate(word.start, word.end))

    start, end = place.locate(command.start, command.end)
    return command._replace(
        word=move(command.word) if command.word else None,
        args=tuple(map(move, command.args)),
        targets=tuple(map(move, command.targets)),
        redirects=tuple(r._replace(target=move(r.target)) for r in command.redirects),
        assignments=tuple((name, move(value)) for name, value in command.assignments),
        stdin=move(command.stdin) if command.stdin else None,
        start=start,
        end=end,
    )
