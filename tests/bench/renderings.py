"""Rendering one graph of three components, in this process: the pure part of a pass."""

from __future__ import annotations

import time

from services.reconciler.desired.rendering import rendering
from shared.api.platform import PlatformContext
from tests.bench.figures import Figures
from tests.bench.graphs import graph
from tests.bench.percentiles import both

TIMES, WARM_UP = 500, 50


def render() -> Figures:
    """Return how long rendering takes."""
    platform = PlatformContext()
    seconds = []
    for number in range(WARM_UP + TIMES):
        manifest = graph(number)
        began = time.perf_counter()
        rendering(manifest, platform)
        seconds.append(time.perf_counter() - began)
    return Figures("rendering", values=both("render", seconds[WARM_UP:]))
