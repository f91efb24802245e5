"""What the shell's own commands change for those after them."""

from __future__ import annotations

from orchestrator.rules.shell.command import Word
from orchestrator.rules.shell.scope import UNKNOWN, Scope, Variable
from orchestrator.rules.shell.wrappers import is_assignment

_READERS = frozenset(("read", "mapfile", "readarray", "getopts", "let"))
_DECLARERS = frozenset(("export", "declare", "typeset", "local", "readonly"))


def apply_builtin(program: str, args: tuple[Word, ...], scope: Scope) -> None:
    """Change `scope` as the builtin `program` would."""
    if program in ("cd", "pushd"):
        operands = [w for w in args if w.text == "-" or not w.text.startswith(("-", "+"))]
        home = Word("~", True, 0, 0) if program == "cd" else None
        scope.enter(operands[0] if operands else home)
    elif program == "popd":
        scope.enter(None)
    elif program in _DECLARERS:
        _declare(args, scope)
    elif program in _READERS or (program == "printf" and args and args[0].text == "-v"):
        for word in args:
            scope.variables[word.text.partition("=")[0]] = UNKNOWN
    elif program == "unset":
        for word in args:
            scope.variables[word.text] = Variable(("",))
            scope.functions.pop(word.text, None)
    elif program == "set":
        _set(args, scope)
    elif program == "shift":
        scope.arguments = scope.arguments[1:] if scope.arguments and not args else None
    elif program == "alias":
        for word in args:
            name, equals, value = word.text.partition("=")
            if equals and word.known:
                scope.aliases[name] = value
    elif program == "unalias":
        for word in args:
            scope.aliases.pop(word.text, None)


def _declare(args: tuple[Word, ...], scope: Scope) -> None:
    """Take the assignments that are not written as such: `export "x=y"`, `declare -n x=y`."""
    refers = any(w.text.startswith("-") and "n" in w.text for w in args)
    for word in args:
        name, _, value = word.text.partition("=")
        if refers:
            scope.variables[name] = UNKNOWN
        elif is_assignment(word.text) and name not in scope.variables:
            scope.variables[name] = Variable((value,), word.known)


def _set(args: tuple[Word, ...], scope: Scope) -> None:
    texts = [word.text for word in args]
    if "--" in texts:
        scope.arguments = args[texts.index("--") + 1 :]
    elif args and not texts[0].startswith(("-", "+")):
        scope.arguments = args
