"""The graph as networkx sees it: for queries and heavy algorithms, never for updates."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np

from orchestrator.collusion.closing import usual
from orchestrator.collusion.state import State


def build(state: State, latest: int) -> nx.MultiDiGraph:
    """Return agents, auditors and vendors; votes, cross-audits and hirings are edges."""
    graph = nx.MultiDiGraph()
    for role, names in (("auditor", state.auditors), ("agent", state.agents)):
        for name in names:
            node = state.nodes.get((role == "auditor", name))
            known = (
                {"vendor": node.vendor, "model": node.model, "prompt": node.prompt} if node else {}
            )
            graph.add_node((role, name), role=role, name=name, **known)
            if node and node.vendor:
                graph.add_node(("vendor", node.vendor), role="vendor", name=node.vendor)
                graph.add_edge((role, name), ("vendor", node.vendor), kind="of")
            if node and node.parent:
                graph.add_edge(("agent", node.parent), (role, name), kind="delegation")
    _votes(graph, state, latest)
    cross = state.view("cross")
    judges = list(state.auditors)
    for i, j in np.argwhere(cross.sum(axis=-1) > 0).tolist():
        flawed, passed, other, fine = cross[i, j].tolist()
        graph.add_edge(("auditor", judges[i]), ("auditor", judges[j]), kind="cross-audit",
                       flawed=int(flawed), flawed_passed=int(passed), other=int(other),
                       other_passed=int(fine))  # fmt: skip
    return graph


def _votes(graph: nx.MultiDiGraph, state: State, latest: int) -> None:
    auditors, agents = list(state.auditors), list(state.agents)
    items: dict[int, list[str]] = {}
    for row in state.log[max(0, state.logged - latest) : state.logged]:
        auditor = auditors[row["auditor"]]
        earlier = items.setdefault(int(row["item"]), [])
        edge: dict[str, Any] = {
            "event": int(row["event"]), "item": int(row["item"]), "rejects": bool(row["rejects"]),
            "evidence": float(row["q"]), "residual": float(row["residual"]),
            "canary": bool(row["canary"]), "order": int(row["order"]),
            "propensity": float(row["propensity"]), "before": tuple(earlier),
        }  # fmt: skip
        graph.add_edge(("auditor", auditor), ("agent", agents[row["agent"]]), kind="audit", **edge)
        earlier.append(auditor)


def communities(state: State) -> list[set[str]]:
    """Return groups of auditors whose errors go together more than is usual for the population."""
    names = list(state.auditors)
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(names)
    pairs = state.view("pairs")
    for i, j in np.argwhere(pairs[..., 0] >= 5).tolist():
        weight = float(pairs[i, j, 1] / pairs[i, j, 0]) - usual(state, i, j)
        if weight > 0:
            graph.add_edge(names[i], names[j], weight=weight)
    return [set(group) for group in nx.community.louvain_communities(graph, seed=0)]
