"""Turn simple commands into what really runs: functions, aliases, wrappers, code."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.rules.shell.budget import Budget, Exhausted
from orchestrator.rules.shell.builtins import apply_builtin
from orchestrator.rules.shell.code import CodeFollower, elsewhere, inside, join, lent
from orchestrator.rules.shell.command import Command, Shell, Word, basename, split_arguments
from orchestrator.rules.shell.interpreters import is_interpreter
from orchestrator.rules.shell.launchers import Unwrapped, login_shell
from orchestrator.rules.shell.loops import may_jump
from orchestrator.rules.shell.scope import UNKNOWN, Function, Place, Scope
from orchestrator.rules.shell.script import Script, read_script
from orchestrator.rules.shell.simple import Expanded, Feed
from orchestrator.rules.shell.wrappers import unwrap

MAX_DEPTH = 50
MAX_STEPS = 300
MAX_WRAPPERS = 12
_MAX_ROUNDS = 8
_TOO_DEEP = "it is nested too deep to follow"


def read_line(line: str) -> Shell:
    """Return every command that `line` would run."""
    reader = _LineReader()
    try:
        read_script(line, Scope(), reader, Feed(), Place())
        reader.walk_uncalled()
    except RecursionError:
        reader.doubt(_TOO_DEEP)
    except Exhausted as error:
        reader.doubt(str(error))
    return Shell(tuple(reader.commands), reader.unknown)


class _LineReader(CodeFollower):
    """Collects the commands of one line, within bounds."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.budget = Budget()
        self.unknown: str | None = None
        self.depth = 0
        self.steps = 0
        self.pipelines = 0
        self.uncalled: dict[int, Function] = {}
        self.calls: list[str] = []

    def doubt(self, why: str) -> None:
        """Keep the first reason."""
        self.unknown = self.unknown or why

    def step(self) -> bool:
        """Count a statement; False when there were too many."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            self.doubt(f"it takes more than {MAX_STEPS} steps to follow")
        return self.steps <= MAX_STEPS

    def descend(self) -> bool:
        """Go one level down; False if that is too deep."""
        if self.depth >= MAX_DEPTH:
            self.doubt(_TOO_DEEP)
            return False
        self.depth += 1
        return True

    def ascend(self) -> None:
        """Come back from `descend`."""
        self.depth -= 1

    def next_pipeline(self) -> int:
        """Return the number of a new pipeline."""
        self.pipelines += 1
        return self.pipelines

    # functions and aliases

    def define(self, function: Function) -> None:
        """Take note of a function that is not called yet."""
        self.uncalled[id(function.body)] = function

    def walk_uncalled(self) -> None:
        """Count the bodies of functions that the line defines and does not call."""
        while self.uncalled:
            _, function = self.uncalled.popitem()
            Script(function.text, elsewhere(), self, ()).walk((function.body,), Feed())

    def take(self, simple: Expanded) -> None:
        """Take a simple command: a function's name, an alias or a program."""
        if not simple.words:
            if simple.feed.redirects or simple.assignments:
                self.emit(simple, "")
            return
        first, scope = simple.words[0], simple.reader.scope
        function = scope.functions.get(first.text) if first.known else None
        if function is not None:
            self._call(simple, function)
            if function.is_certain:
                return
        if first.text in scope.aliases and f"alias {first.text}" not in self.calls:
            self._expand_alias(simple, first)  # only an interactive shell would
        self._run(simple)

    def _call(self, simple: Expanded, function: Function) -> None:
        """Walk the body of a function; of one that calls itself, once more with any arguments."""
        self.uncalled.pop(id(function.body), None)
        name, scope = function.name, simple.reader.scope
        calls = self.calls.count(name)
        if calls > 1:
            wrappers = (*simple.feed.wrappers, "recursion")
            self.emit(simple._replace(feed=simple.feed._replace(wrappers=wrappers)), name)
            return
        self.calls.append(name)
        held = scope.arguments
        with lent(simple):
            scope.arguments = None if calls else simple.args
            if calls:
                scope.variables = dict.fromkeys(scope.variables, UNKNOWN)
            script = Script(function.text, scope, self, simple.feed.wrappers)
            script.walk((function.body,), simple.feed)
            if may_jump(function.body):
                script.forget_changed(function.body)
        scope.arguments = held
        self.calls.pop()

    def _expand_alias(self, simple: Expanded, first: Word) -> None:
        rest = simple.reader.text[first.end : simple.end]
        self.calls.append(f"alias {first.text}")
        self.read(simple.reader.scope.aliases[first.text] + rest, simple, first, simple.feed)
        self.calls.pop()

    # programs

    def _run(self, simple: Expanded) -> None:
        """Run a program, even where a function has its name: wrappers see no functions."""
        first = simple.words[0]
        program = basename(first.text) if first.known else _fixed_name(simple)
        if program is None:
            self.doubt(f"what {first.text[:40]!r} runs cannot be told")
            self.emit(simple, None)
            return
        program = program.removeprefix("=") or program  # in zsh, `=rm` is the path of rm
        inner = unwrap(program, simple.words)
        if not inner:
            self._run_bare(simple, program)
        elif inner[0].kept:
            self.emit(simple, program)
        for unwrapped in inner:
            self._run_inner(simple, unwrapped)

    def _run_bare(self, simple: Expanded, program: str) -> None:
        """Run a program that wraps no other."""
        if label := login_shell(program, simple.words):
            self.run_input(simple, program, label)
        elif program == "eval":
            self.evaluate(simple)
        elif program in ("source", "."):
            self.source(simple)
        elif program == "trap":
            self.trap(simple)
        elif is_interpreter(program):
            self.interpret(simple, program)
        else:
            self.emit(simple, program)
            apply_builtin(program, simple)

    def _run_inner(self, simple: Expanded, inner: Unwrapped) -> None:
        """Run what a wrapper runs."""
        feed = simple.feed._replace(wrappers=(*simple.feed.wrappers, inner.name))
        if len(feed.wrappers) > MAX_WRAPPERS or not self.descend():
            self.doubt(_TOO_DEEP)
            return
        scope = elsewhere() if inner.remote else simple.reader.scope
        if inner.directory is not None:
            scope = scope.copy()
            scope.enter(inner.directory)
        with inside(simple, scope):
            if inner.is_text:
                self.read(*_placed(inner.words, simple), feed)
            else:
                for words in _fill(inner, feed.stdin, self.budget):
                    self._run(simple._replace(words=words, feed=feed))
        self.ascend()

    def read(self, code: str, simple: Expanded, place: Word, feed: Feed) -> None:
        """Read `code`, which stands at `place` in the text of `simple`, as shell."""
        is_long = len(feed.wrappers) > MAX_WRAPPERS or not self.budget.spend(len(code))
        if is_long or not self.descend():
            self.doubt(_TOO_DEEP)
            return
        outer = simple.reader.source.place
        written = simple.reader.text[place.start : place.end]
        shift = 0 if written == code else 1 if written[1:-1] == code else None
        if shift is None or outer.offset is None:
            inner = Place(None, outer.locate(place.start, place.end))
        else:
            inner = Place(outer.offset + place.start + shift)
        with lent(simple):
            read_script(code, simple.reader.scope, self, feed, inner)
        self.ascend()

    def emit(self, simple: Expanded, program: str | None, code_from: tuple[str, ...] = ()) -> None:
        """Add a command to those that would run."""
        words, feed, reader = simple.words, simple.feed, simple.reader
        self.budget.hold(len(words) + len(simple.assignments) + len(feed.redirects))
        args = simple.args
        flags, targets = split_arguments(args)
        start, end = _span(simple)
        command = Command(
            program=program,
            word=words[0] if words else None,
            args=args,
            flags=flags,
            targets=targets,
            redirects=feed.redirects,
            assignments=simple.assignments,
            wrappers=feed.wrappers,
            reads_pipe=feed.reads_pipe,
            pipeline=feed.pipeline or self.next_pipeline(),
            stage=feed.stage,
            stdin_from=feed.stdin_from,
            stdin=feed.stdin,
            code_from=code_from,
            cwd=reader.scope.cwd,
            cwd_known=reader.scope.cwd_known,
            text=reader.text[start:end],
            start=start,
            end=end,
        )
        place = reader.source.place
        self.commands.append(command if place.offset == 0 else _move(command, place))


def _fixed_name(simple: Expanded) -> str | None:
    """Return the name of a program whose directory alone is unknown, as in `"$x/bin/tool"`."""
    word = simple.words[0]
    written, name = simple.reader.text[word.start : word.end], word.text.rpartition("/")[2]
    quoted = written.count('"') == 2 and written[0] == written[-1] == '"'
    return name if quoted and name.replace("-", "").replace(".", "").isalnum() else None


def _placed(words: list[Word], simple: Expanded) -> tuple[str, Expanded, Word]:
    code, place = join(words)
    return code, simple, words[0] if len(words) == 1 else place


def _fill(inner: Unwrapped, stdin: Word | None, budget: Budget) -> Iterator[list[Word]]:
    """Yield the wrapped commands, with what `xargs` reads put in where the line says it."""
    words, hole = inner.words, inner.hole
    if hole is None:
        yield words
        return
    end = words[-1].end
    if stdin is None or not stdin.known:
        if hole == "":
            yield [*words, Word("{}", False, end, end)]
        else:
            yield [w._replace(known=w.known and hole not in w.text) for w in words]
    elif hole == "":
        yield [*words, *(Word(text, True, end, end) for text in stdin.text.split())]
    else:
        holes = sum(word.text.count(hole) for word in words)
        for row in stdin.text.splitlines()[:_MAX_ROUNDS]:
            if not budget.spend(holes * len(row)):
                raise Exhausted("it comes to too many characters")
            yield [w._replace(text=w.text.replace(hole, row)) for w in words]


def _span(simple: Expanded) -> tuple[int, int]:
    """Return the sub-command's span: from the program on, with its redirections."""
    if not simple.words:
        return simple.start, simple.end
    ends = [simple.words[-1].end, *(redirect.target.end for redirect in simple.own)]
    start, end = simple.words[0].start, max(ends)
    return min(start, end), end


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
