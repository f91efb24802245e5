"""The graph as text for other programs: GraphML with every edge, DOT with one edge a pair."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import networkx as nx

Show = Callable[[str], str]
Node = tuple[str, str]


def write_graphml(graph: nx.MultiDiGraph, show: Show) -> str:
    """Return GraphML; `show` makes names harmless, since XML takes no control characters."""
    plain = nx.MultiDiGraph()
    for node, data in graph.nodes(data=True):
        plain.add_node(_id(node, show), **{key: show(str(value)) for key, value in data.items()})
    for one, other, data in graph.edges(data=True):
        plain.add_edge(
            _id(one, show), _id(other, show), **{key: _plain(data[key], show) for key in data}
        )
    return "\n".join(nx.generate_graphml(plain))


def write_dot(graph: nx.MultiDiGraph, show: Show) -> str:
    """Return DOT for Graphviz: votes of one auditor on one agent are one edge, with their count."""
    shapes = {"auditor": "box", "agent": "ellipse", "vendor": "plaintext"}
    lines = ["digraph collusion {", "  rankdir=LR;"]
    for node, data in graph.nodes(data=True):
        label, shape = _quote(show(str(data["name"]))), shapes[data["role"]]
        lines.append(f"  {_quote(_id(node, show))} [label={label}, shape={shape}];")
    votes: dict[tuple[Node, Node], list[dict[str, Any]]] = {}
    for one, other, data in graph.edges(data=True):
        if data["kind"] == "audit":
            votes.setdefault((one, other), []).append(data)
        else:
            lines.append(_edge(one, other, show, label=data["kind"], style="dashed"))
    for (one, other), all_ in votes.items():
        rejected = sum(data["rejects"] for data in all_)
        lines.append(_edge(one, other, show, label=f"{len(all_)} votes, {rejected} against"))
    return "\n".join([*lines, "}"])


def _edge(one: Node, other: Node, show: Show, **attributes: str) -> str:
    said = ", ".join(f"{key}={_quote(value)}" for key, value in attributes.items())
    return f"  {_quote(_id(one, show))} -> {_quote(_id(other, show))} [{said}];"


def _id(node: Node, show: Show) -> str:
    return f"{node[0]}:{show(node[1])}"


def _plain(value: object, show: Show) -> str | int | float | bool:
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, tuple):
        return json.dumps([show(str(each)) for each in value])
    return show(str(value))


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
