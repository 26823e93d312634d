"""Rendering graphs of several sizes, and of replicas that span nodes, in this process: the pure part of a pass."""

from __future__ import annotations

import time

from services.reconciler.desired.rendering import rendering
from shared.api.platform import Capability, PlatformContext
from shared.core.json import Manifest
from tests.bench.figures import Figures
from tests.bench.graphs import gang, graph
from tests.bench.percentiles import both

TIMES, WARM_UP = 500, 50
SIZES = (3, 10, 25)  # components of a graph; the last is the most that a graph may have
GANGS = (Capability.LWS, Capability.GROVE)


def render() -> Figures:
    """Return how long rendering takes: graphs of each size, and three components of which one spans two nodes."""
    plain = PlatformContext()
    values: dict[str, float] = {}
    for size in SIZES:
        values |= both(f"render_{size}", _seconds([graph(number, size) for number in range(WARM_UP + TIMES)], plain))
    for capability in GANGS:
        graphs = [gang(number) for number in range(WARM_UP + TIMES)]
        values |= both(f"render_gang_{capability}", _seconds(graphs, plain.with_capabilities([capability])))
    return Figures("rendering", values=values)


def _seconds(graphs: list[Manifest], platform: PlatformContext) -> list[float]:
    seconds = []
    for manifest in graphs:
        began = time.perf_counter()
        found = rendering(manifest, platform)
        seconds.append(time.perf_counter() - began)
        assert not found.problems, found.problems  # a graph that cannot be made would be cheap
    return seconds[WARM_UP:]
