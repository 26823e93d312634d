"""Percentiles of few values, without interpolation: what is reported was measured."""

from __future__ import annotations

import math
from collections.abc import Iterable


def percentile(values: Iterable[float], share: float) -> float:
    """Return the smallest value that at least this share of all values does not exceed; raise ValueError for none."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values were measured")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def both(name: str, seconds: Iterable[float]) -> dict[str, float]:
    """Return p50 and p99 of some durations as milliseconds, named after what they are."""
    found = list(seconds)
    return {f"{name}_p50_ms": percentile(found, 0.5) * 1000, f"{name}_p99_ms": percentile(found, 0.99) * 1000}
