"""What is measured: cases as they are named on the command line, and the set that `make bench` runs.

A case is a stack with so many graphs, and the measures taken on it in their order. Invariant: the name of a case says
all there is to know about it, so that two records with the same name are comparable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

COMPONENTS = 3
PODS_PER_NODE = 110
SPARE_PODS = 500  # what edits add, and pods that end while others begin
ALONE = ("lab-server", "rendering")  # measures that need no stack
ON_A_STACK = ("edits", "load-10", "load-100", "rest", "restart", "take-over", "start", "admission")
# Latency of 5 ms is what a cluster is like; 0 ms measures the CPU of both sides.
DEFAULT = (
    "rendering",
    "lab-server",
    "0:0+start+admission",
    "30:0+edits",
    "30:5+edits",
    "100:0",
    "100:5",
    "300:0+edits+load-10+load-100+rest",
    "300:5+edits+load-10+load-100+rest+restart",
    "300:5:3+edits+take-over",
    "1000x5:5",
)

_NAME = re.compile(r"(?P<graphs>\d+)(?:x(?P<components>\d+))?:(?P<latency>\d+)(?::(?P<reconcilers>\d+))?")


class PlanError(ValueError):
    """A case that cannot be read; the message says how to write one."""


@dataclass(frozen=True, slots=True)
class Case:
    """Graphs on a stack, and what is measured when all of them are there."""

    graphs: int
    latency_ms: int = 0
    components: int = COMPONENTS
    reconcilers: int = 1
    measures: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        """Return `GRAPHS[xCOMPONENTS]:LATENCY[:RECONCILERS]`, without the measures."""
        components = f"x{self.components}" if self.components != COMPONENTS else ""
        reconcilers = f":{self.reconcilers}" if self.reconcilers != 1 else ""
        return f"{self.graphs}{components}:{self.latency_ms}{reconcilers}"

    @property
    def stack(self) -> str:
        """Return a name for the stack."""
        return "bench-" + self.name.replace(":", "-")

    @property
    def nodes(self) -> str:
        """Return the simulated nodes that take all pods of the case."""
        pods = self.graphs * self.components + SPARE_PODS
        return f"2x8xH100,{pods // PODS_PER_NODE + 1}xcpu"


def plan(names: list[str]) -> tuple[str, ...]:
    """Return what is measured: the named cases, or the default set; raise PlanError for one that cannot be read."""
    for name in names:
        if name not in ALONE:
            case(name)
    return tuple(names) or DEFAULT


def case(text: str) -> Case:
    """Return the case of `GRAPHS[xCOMPONENTS]:LATENCY[:RECONCILERS][+MEASURE...]`; raise PlanError."""
    name, *measures = text.split("+")
    found = _NAME.fullmatch(name)
    if found is None:
        raise PlanError(f"{text}: expected GRAPHS[xCOMPONENTS]:LATENCY[:RECONCILERS][+MEASURE...], or {_or(ALONE)}")
    unknown = [measure for measure in measures if measure not in ON_A_STACK]
    if unknown:
        raise PlanError(f"{text}: there is no measure {', '.join(unknown)}: known are {_or(ON_A_STACK)}")
    return Case(
        graphs=int(found["graphs"]),
        latency_ms=int(found["latency"]),
        components=int(found["components"] or COMPONENTS),
        reconcilers=int(found["reconcilers"] or 1),
        measures=tuple(measures),
    )


def _or(names: tuple[str, ...]) -> str:
    return ", ".join(names[:-1]) + f" or {names[-1]}"
