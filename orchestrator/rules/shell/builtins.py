"""What the shell's own commands change for those after them."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.rules.shell.command import Word
from orchestrator.rules.shell.scope import UNKNOWN, Scope, Variable
from orchestrator.rules.shell.simple import Expanded

_HOME = Word("~", True, 0, 0)
_ACTIVE = frozenset("$`*?[{")


def apply_builtin(program: str, simple: Expanded) -> None:
    """Change the scope of `simple` as the builtin `program` would; other programs do nothing."""
    effect = _EFFECTS.get(program)
    if effect is not None:
        effect(simple, simple.reader.scope)


def _cd(simple: Expanded, scope: Scope) -> None:
    operands = [w for w in simple.args if w.text == "-" or not w.text.startswith("-")]
    scope.enter(operands[0] if operands else _HOME)


def _pushd(simple: Expanded, scope: Scope) -> None:
    operands = [w for w in simple.args if not w.text.startswith(("-", "+"))]
    scope.enter(operands[0] if operands else None)


def _popd(simple: Expanded, scope: Scope) -> None:
    scope.enter(None)


def _declare(simple: Expanded, scope: Scope) -> None:
    """Set what is assigned; a reference (`-n`) or a constant (`-r`) is not followed after that."""
    flags = "".join(w.text for w in simple.args if w.text.startswith("-"))
    for word in simple.args:
        name, equals, value = word.text.partition("=")
        name = name.rstrip("+")
        if not _ACTIVE.isdisjoint(name):
            scope.forget()  # which variable this is cannot be told
        elif equals and name not in simple.arrays:
            adds = word.text[len(name)] == "+"
            scope.set(name, UNKNOWN if adds else Variable((value,), word.known))
        if "n" in flags:
            scope.opaque |= {name, value}
            scope.forget()
        if "r" in flags:
            scope.opaque |= {name}


def _readonly(simple: Expanded, scope: Scope) -> None:
    _declare(simple, scope)
    scope.opaque |= {word.text.partition("=")[0] for word in simple.args}


def _local(simple: Expanded, scope: Scope) -> None:
    _declare(simple, scope)
    if scope.arguments is None:  # outside a function it sets nothing
        _read(simple, scope)


def _read(simple: Expanded, scope: Scope) -> None:
    for word in simple.args:
        name = word.text.partition("=")[0].partition("[")[0].rstrip("+")
        if _ACTIVE.isdisjoint(word.text):
            scope.set(name, Variable((), known=False, sources=simple.feed.sources))
        else:
            scope.forget()


def _printf(simple: Expanded, scope: Scope) -> None:
    if simple.args and simple.args[0].text.startswith("-v"):
        _read(simple, scope)


def _unset(simple: Expanded, scope: Scope) -> None:
    for word in simple.args:
        if not _ACTIVE.isdisjoint(word.text):
            scope.forget()
        scope.set(word.text, Variable(("",)))
        scope.functions.pop(word.text, None)


def _set(simple: Expanded, scope: Scope) -> None:
    texts = [word.text for word in simple.args]
    if "--" in texts:
        scope.arguments = simple.args[texts.index("--") + 1 :]
    elif texts and not texts[0].startswith(("-", "+")):
        scope.arguments = simple.args


def _shift(simple: Expanded, scope: Scope) -> None:
    scope.arguments = scope.arguments[1:] if scope.arguments and not simple.args else None


def _alias(simple: Expanded, scope: Scope) -> None:
    for word in simple.args:
        name, equals, value = word.text.partition("=")
        if equals and word.known:
            scope.aliases[name] = value


def _unalias(simple: Expanded, scope: Scope) -> None:
    for word in simple.args:
        scope.aliases.pop(word.text, None)


_EFFECTS: dict[str, Callable[[Expanded, Scope], None]] = {
    "cd": _cd,
    "pushd": _pushd,
    "popd": _popd,
    "printf": _printf,
    "unset": _unset,
    "set": _set,
    "shift": _shift,
    "alias": _alias,
    "unalias": _unalias,
    "local": _local,
    "readonly": _readonly,
    **dict.fromkeys(("export", "declare", "typeset"), _declare),
    **dict.fromkeys(("read", "mapfile", "readarray", "getopts", "let"), _read),
}
