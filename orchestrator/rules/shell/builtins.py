"""What the shell's own commands change for those after them."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.rules.shell.command import Word
from orchestrator.rules.shell.scope import UNKNOWN, Scope, Variable
from orchestrator.rules.shell.simple import Expanded
from orchestrator.rules.shell.wrappers import is_assignment

_READERS = frozenset(("read", "mapfile", "readarray", "getopts", "let"))
_HOME = Word("~", True, 0, 0)


def apply_builtin(program: str, simple: Expanded) -> None:
    """Change the scope of `simple` as the builtin `program` would; other programs do nothing."""
    args, scope = tuple(simple.words[1:]), simple.reader.scope
    if program in _READERS:
        _read(args, scope, simple.feed.sources)
    elif (effect := _EFFECTS.get(program)) is not None:
        effect(args, scope)


def _cd(args: tuple[Word, ...], scope: Scope) -> None:
    operands = [w for w in args if w.text == "-" or not w.text.startswith("-")]
    scope.enter(operands[0] if operands else _HOME)


def _pushd(args: tuple[Word, ...], scope: Scope) -> None:
    operands = [w for w in args if not w.text.startswith(("-", "+"))]
    scope.enter(operands[0] if operands else None)


def _popd(args: tuple[Word, ...], scope: Scope) -> None:
    scope.enter(None)


def _declare(args: tuple[Word, ...], scope: Scope) -> None:
    refers = any(w.text.startswith("-") and "n" in w.text for w in args)
    for word in args:
        name, _, value = word.text.partition("=")
        if refers:
            scope.variables[name] = UNKNOWN
        elif is_assignment(word.text):
            scope.variables[name] = Variable((value,), word.known)


def _read(args: tuple[Word, ...], scope: Scope, sources: tuple[str, ...] = ()) -> None:
    for word in args:
        name = word.text.partition("=")[0].rstrip("+")
        scope.variables[name] = Variable((), known=False, sources=sources)


def _printf(args: tuple[Word, ...], scope: Scope) -> None:
    if args and args[0].text.startswith("-v"):
        _read(args, scope)


def _unset(args: tuple[Word, ...], scope: Scope) -> None:
    for word in args:
        scope.variables[word.text] = Variable(("",))
        scope.functions.pop(word.text, None)


def _set(args: tuple[Word, ...], scope: Scope) -> None:
    texts = [word.text for word in args]
    if "--" in texts:
        scope.arguments = args[texts.index("--") + 1 :]
    elif args and not texts[0].startswith(("-", "+")):
        scope.arguments = args


def _shift(args: tuple[Word, ...], scope: Scope) -> None:
    scope.arguments = scope.arguments[1:] if scope.arguments and not args else None


def _alias(args: tuple[Word, ...], scope: Scope) -> None:
    for word in args:
        name, equals, value = word.text.partition("=")
        if equals and word.known:
            scope.aliases[name] = value


def _unalias(args: tuple[Word, ...], scope: Scope) -> None:
    for word in args:
        scope.aliases.pop(word.text, None)


_EFFECTS: dict[str, Callable[[tuple[Word, ...], Scope], None]] = {
    "cd": _cd,
    "pushd": _pushd,
    "popd": _popd,
    "printf": _printf,
    "unset": _unset,
    "set": _set,
    "shift": _shift,
    "alias": _alias,
    "unalias": _unalias,
    **dict.fromkeys(("export", "declare", "typeset", "local", "readonly"), _declare),
}
