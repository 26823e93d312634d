"""How long the names of a set, a scaling group and a clique may be together: Grove makes pod names of them.

Grove says so too, but only about the first one, and in terms that no user of a graph has seen (W-46).
"""

from __future__ import annotations

from collections.abc import Sequence

from services.reconciler.desired.problems import RenderError

LIMIT = 45  # characters of set and clique, or of set, scaling group and clique


def check_names(graph: str, service: str, cliques: Sequence[str]) -> None:
    """Raise RenderError when the cliques of a service would have names that Grove refuses."""
    group = service.lower() if len(cliques) > 1 else ""
    length = max(len(graph) + len(group) + len(name) for name in cliques)
    if length <= LIMIT:
        return
    parts = [graph, *([group] if group else []), max(cliques, key=len)]
    raise RenderError(
        f"the names {', '.join(parts)} have {length} characters together, and Grove allows {LIMIT}",
        code="NameTooLong",
        remedy=f"shorten the name of the graph or of service {service} by {length - LIMIT} characters in all",
    )
