"""Rendering graphs of several sizes, and of replicas that span nodes, in this process: the pure part of a pass."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from services.reconciler.desired.rendering import rendering
from shared.api.platform import Capability, PlatformContext
from shared.core.json import Manifest
from shared.runtime.collector import spare_collector
from tests.bench.figures import Figures
from tests.bench.graphs import gang, graph
from tests.bench.percentiles import both

TIMES, WARM_UP = 500, 50
SIZES = (3, 10, 25)  # components of a graph; the last is the most that a graph may have
GANGS = (Capability.LWS, Capability.GROVE)


def render() -> Figures:
    """Return how long rendering takes: graphs of each size, and three components of which one spans two nodes."""
    spare_collector()  # as every service does when it has started
    plain = PlatformContext()
    values: dict[str, float] = {}
    for size in SIZES:
        values |= both(f"render_{size}", _seconds(partial(graph, components=size), plain))
    for capability in GANGS:
        values |= both(f"render_gang_{capability}", _seconds(gang, plain.with_capabilities([capability])))
    return Figures("rendering", values=values)


def _seconds(make: Callable[[int], Manifest], platform: PlatformContext) -> list[float]:
    seconds = []
    for number in range(WARM_UP + TIMES):
        manifest = make(number)  # one at a time: what is kept makes collecting garbage slower
        began = time.perf_counter()
        found = rendering(manifest, platform)
        seconds.append(time.perf_counter() - began)
        assert not found.problems, found.problems  # a graph that cannot be made would be cheap
    return seconds[WARM_UP:]
