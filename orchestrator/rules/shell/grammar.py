"""The grammar: tree-sitter-bash."""

from __future__ import annotations

from collections.abc import Iterator

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

_PARSER = Parser(Language(tree_sitter_bash.language()))


def parse(skeleton: bytes) -> Node:
    """Return the root of the tree; it has an error where the grammar did not understand."""
    return _PARSER.parse(skeleton).root_node


def descend(node: Node) -> Iterator[Node]:
    """Yield `node` and all below it, in the order of the text."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.children))


def last_named(nodes: list[Node]) -> Node:
    """Return the last of `nodes` that is not punctuation or a comment."""
    named = (node for node in reversed(nodes) if node.is_named and node.type != "comment")
    return next(named, nodes[-1])


def find_error(root: Node, text: str) -> str:
    """Return the beginning of the part of `text` that the grammar did not understand."""
    for node in descend(root):
        if node.type == "ERROR" or node.is_missing:
            return text[node.start_byte : node.start_byte + 24]
    return text[:24]


EMPTY = parse(b"")
