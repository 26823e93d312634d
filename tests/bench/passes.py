"""What the reconcilers' own metrics say of their passes: who did how many, and how long they took.

Separate from roll-outs because it reads what a service offers to everybody. Invariant: a percentile is the upper bound
of the bucket that holds it, since a histogram says no more; where it lies beyond the last bound there is none.
"""

from __future__ import annotations

import math
import re
import urllib.request
from collections import defaultdict
from collections.abc import Iterable

from lab.launcher.stacks import Stack

COUNT = "dynamo_operator_reconcile_total"
SECONDS = "dynamo_operator_reconcile_duration_seconds"
RESOURCES = {"dynamographdeployments": "graph", "dynamocomponentdeployments": "component"}
_SAMPLE = re.compile(r"(?P<name>\w+)\{(?P<labels>[^}]*)\} (?P<value>\S+)")
_LABEL = re.compile(r'(?P<key>\w+)="(?P<value>[^"]*)"')


def passes_by_replica(stack: Stack) -> dict[str, float]:
    """Return which share of all passes each reconciler did; nothing where there is only one."""
    counts = {
        name: sum(value for metric, _, value in samples(lines) if metric == COUNT)
        for name, lines in _reconcilers(stack).items()
    }
    total = sum(counts.values())
    return {f"passes_{name}": count / total for name, count in counts.items()} if len(counts) > 1 and total else {}


def pass_times(stack: Stack) -> dict[str, float]:
    """Return mean and p99 of the passes of graphs and components since the reconcilers started, in milliseconds."""
    return times_of([line for lines in _reconcilers(stack).values() for line in lines])


def times_of(lines: Iterable[str]) -> dict[str, float]:
    """Return the same of lines in the format of Prometheus."""
    sums, counts = defaultdict[str, float](float), defaultdict[str, float](float)
    buckets: defaultdict[str, defaultdict[float, float]] = defaultdict(lambda: defaultdict(float))
    for metric, labels, value in samples(lines):
        name = RESOURCES.get(labels.get("resource", ""))
        if name is None:
            continue
        if metric == f"{SECONDS}_sum":
            sums[name] += value
        elif metric == f"{SECONDS}_count":
            counts[name] += value
        elif metric == f"{SECONDS}_bucket":
            buckets[name][float(labels["le"])] += value
    found = {f"pass_{name}_mean_ms": sums[name] / count * 1000 for name, count in counts.items() if count}
    for name, filled in buckets.items():
        bound = next((each for each, count in sorted(filled.items()) if count >= 0.99 * counts[name]), math.inf)
        if counts[name] and bound < math.inf:
            found[f"pass_{name}_p99_bucket_ms"] = bound * 1000
    return found


def samples(lines: Iterable[str]) -> Iterable[tuple[str, dict[str, str], float]]:
    """Yield name, labels and value of each sample with labels."""
    for line in lines:
        match = _SAMPLE.match(line)
        if match:
            labels = {each["key"]: each["value"] for each in _LABEL.finditer(match["labels"])}
            yield match["name"], labels, float(match["value"])


def _reconcilers(stack: Stack) -> dict[str, list[str]]:
    return {each.name: _lines(each.health_url) for each in stack.processes if each.name.startswith("reconciler")}


def _lines(url: str) -> list[str]:
    with urllib.request.urlopen(f"{url}/metrics", timeout=5) as answer:
        content: bytes = answer.read()
    return content.decode().splitlines()
