"""SQL statements, classified by a real parser that is imported when the first one is seen."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator
from typing import Any, NamedTuple

from orchestrator.rules.programs import Programs
from orchestrator.rules.shell import Command, Word

MAX_CHARACTERS = 20_000
MAX_DEPTH = 120
"""Brackets nested deeper than this are not tried: the parser would recurse as deep."""
MAX_SUBSCRIPTS = 40
"""More of `x[1][2]` in one text are not tried: the parser takes time with their square and more."""
MAX_STATEMENTS = 300
MAX_TOKENS = 10_000
"""Read in all dialects together: what is long and odd is not tried in every one."""
MAX_OPERATORS = 40
"""Of a condition that is simplified, which takes time with their square and more."""

_DIALECTS = (None, "postgres", "mysql", "sqlite", "tsql")
_RAW_KINDS = {
    "grant": "grant", "revoke": "grant", "truncate": "truncate", "call": "call", "exec": "call",
    "execute": "call", "explain": "select", "show": "select", "vacuum": "set", "begin": "set",
    "alter": "alter", "create": "create", "drop": "drop", "copy": "copy", "load": "copy",
    "do": "call", "lock": "set", "unlock": "set", "replace": "insert", "reindex": "other",
    "analyze": "other", "optimize": "other",
}  # fmt: skip


class Statement(NamedTuple):
    """One SQL statement."""

    kind: str
    tables: tuple[str, ...] = ()
    unbounded: bool = False
    """It updates or deletes without a condition that can be false."""
    beside: int = 0
    """How many more statements stand in the same text."""
    fault: str | None = None
    """Why it could not be read."""


class _Attempt(NamedTuple):
    statements: tuple[Statement, ...] | None
    """None where the dialect has no such text."""
    tokens: int


@functools.lru_cache(maxsize=1024)
def parse_sql(text: str) -> tuple[Statement, ...]:
    """Classify every statement of `text`; what cannot be read is of the kind `other`."""
    if not text.strip():
        return ()
    if len(text) > MAX_CHARACTERS:
        return (Statement("other", fault=f"it is longer than {MAX_CHARACTERS:,} characters"),)
    if _depth(text) > MAX_DEPTH:
        return (Statement("other", fault=f"it is nested deeper than {MAX_DEPTH}"),)
    if "".join(text.split()).count("][") > MAX_SUBSCRIPTS:
        return (Statement("other", fault=f"it holds more than {MAX_SUBSCRIPTS} subscripts"),)
    if text.count(";") > MAX_STATEMENTS:
        return (Statement("other", fault=f"it holds more than {MAX_STATEMENTS} statements"),)
    best: tuple[Statement, ...] = (Statement("other", fault="it does not parse as SQL"),)
    left = MAX_TOKENS
    for dialect in _DIALECTS:
        statements, tokens = _parse_as(text, dialect, left)
        if statements is not None and not any(statement.fault for statement in statements):
            return statements
        best, left = statements or best, left - tokens
    return best


def _parse_as(text: str, dialect: str | None, left: int) -> _Attempt:
    """Parse in one dialect; more than `left` tokens are not parsed."""
    from sqlglot import Dialect
    from sqlglot.errors import SqlglotError

    grammar, tokens = Dialect.get_or_raise(dialect), []
    log = logging.getLogger("sqlglot")
    was_disabled, log.disabled = log.disabled, True  # it warns of what it keeps as raw text
    try:
        tokens = grammar.tokenize(text)
        if len(tokens) > left:
            return _Attempt(None, 0)
        trees = [tree for tree in grammar.parser().parse(tokens, text) if tree is not None]
    except (SqlglotError, RecursionError):
        return _Attempt(None, len(tokens))
    finally:
        log.disabled = was_disabled
    found = tuple(one for tree in trees for one in _classify(tree, len(trees) - 1))
    return _Attempt(found, len(tokens))


def find_client_sql(command: Command, programs: Programs) -> Iterator[Word]:
    """Yield the words of a database client's command line that hold SQL."""
    flags = programs.sql.get(command.program or "")
    if flags is None:
        return
    if not flags:
        yield from (word for word in command.targets[1:] if not word.text.startswith("."))
        return
    following = False
    for word in command.args:
        if following:
            yield word
        following = word.text in flags
        flag, is_pair, value = word.text.partition("=")
        if is_pair and flag in flags:
            yield word._replace(text=value)


_KINDS = {
    "select": "select", "union": "select", "intersect": "select", "except": "select",
    "subquery": "select", "with": "select", "values": "select", "show": "select",
    "describe": "select", "insert": "insert", "update": "update", "merge": "update",
    "delete": "delete", "drop": "drop", "alter": "alter", "altercolumn": "alter",
    "truncatetable": "truncate", "create": "create", "grant": "grant", "revoke": "grant",
    "copy": "copy", "attach": "attach", "detach": "attach", "set": "set", "use": "set",
    "pragma": "set", "transaction": "set", "commit": "set", "rollback": "set",
    "loaddata": "copy", "execute": "call", "kill": "call", "analyze": "other", "comment": "other",
    "refresh": "other", "cache": "other", "uncache": "other",
}  # fmt: skip


def _classify(tree: Any, beside: int) -> Iterator[Statement]:
    """Yield the statement, and any that writes inside it: `WITH x AS (DELETE ...) SELECT`."""
    from sqlglot import expressions

    if isinstance(tree, expressions.Command):
        yield _classify_raw(str(tree.this).lower(), beside)
        return
    writers = (expressions.Insert, expressions.Update, expressions.Delete, expressions.Drop)
    yield _classify_node(tree, beside)
    for inner in tree.find_all(*writers):
        if inner is not tree:
            yield _classify_node(inner, beside)


def _classify_node(tree: Any, beside: int) -> Statement:
    from sqlglot import expressions

    kind = _KINDS.get(tree.key)
    if kind is None:
        return Statement("other", beside=beside, fault="it is not a known statement")
    if kind == "select" and tree.args.get("into") is not None:
        kind = "create"
    tables = tuple(sorted({table.name.lower() for table in tree.find_all(expressions.Table)}))
    if kind not in ("update", "delete") or tree.key == "merge":
        return Statement(kind, tables, beside=beside)
    if len(list(tree.find_all(expressions.Binary))) > MAX_OPERATORS:
        fault = f"it has more than {MAX_OPERATORS} operators"
        return Statement(kind, tables, beside=beside, fault=fault)
    return Statement(kind, tables, _is_unbounded(tree), beside)


def _classify_raw(text: str, beside: int) -> Statement:
    """Classify what the parser keeps as raw text by its first word."""
    word = text.split(None, 1)[0] if text.strip() else ""
    kind = _RAW_KINDS.get(word)
    fault = None if kind else f"{word or 'it'} is not a known statement"
    return Statement(kind or "other", beside=beside, fault=fault)


def _is_unbounded(tree: Any) -> bool:
    where = tree.args.get("where")
    if where is None:
        return tree.args.get("limit") is None
    from sqlglot.optimizer.simplify import simplify

    condition = simplify(where.this.copy())
    return bool(
        condition.is_string is False and condition.sql().upper() in ("TRUE", "1", "NOT FALSE")
    )


def _depth(text: str) -> int:
    depth = deepest = 0
    for character in text:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth -= 1
    return deepest
