"""Measuring one phase of a run: CPU time, resident memory, pauses of the garbage collector, what was asked of whom.

Times are those of the process, not of the wall: the driven clock never waits, so a phase costs what it computes. A
size is that of the objects that can be reached from a root, each counted once, and not of what the allocator holds.
"""

from __future__ import annotations

import gc
import os
import sys
import time
import types
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
_CODE = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType)


@dataclass(slots=True)
class Pauses:
    """The garbage collections of a phase, by generation, in seconds of CPU: what a pause lasts on a core of its own."""

    seconds: Counter[int] = field(default_factory=Counter)
    count: Counter[int] = field(default_factory=Counter)
    longest: float = 0.0
    _began: float = 0.0

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        """Hear of the start or the end of a collection."""
        if phase == "start":
            self._began = time.process_time()
            return
        took = time.process_time() - self._began
        self.seconds[info["generation"]] += took  # type: ignore[assignment]  # seconds are no whole numbers
        self.count[info["generation"]] += 1
        self.longest = max(self.longest, took)

    @property
    def total(self) -> float:
        """Return the seconds of all collections."""
        return float(sum(self.seconds.values()))


@dataclass(slots=True)
class Phase:
    """What one phase cost."""

    name: str
    cpu: float = 0.0  # seconds
    grown: int = 0  # bytes of resident memory
    pauses: Pauses = field(default_factory=Pauses)
    notes: dict[str, float] = field(default_factory=dict)  # what else was counted


@contextmanager
def measured(name: str) -> Iterator[Phase]:
    """Measure what happens inside."""
    phase = Phase(name)
    gc.collect()
    resident, began = resident_bytes(), time.process_time()
    gc.callbacks.append(phase.pauses)
    try:
        yield phase
    finally:
        phase.cpu = time.process_time() - began
        gc.callbacks.remove(phase.pauses)
        gc.collect()
        phase.grown = resident_bytes() - resident


def resident_bytes() -> int:
    """Return the resident memory of this process."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE


def size_of(roots: Iterable[object], known: set[int] | None = None) -> int:
    """Return the bytes of everything that can be reached and was not counted before; code counts as nothing."""
    seen = set() if known is None else known
    waiting, total = list(roots), 0
    while waiting:
        item = waiting.pop()
        if id(item) in seen or isinstance(item, _CODE):
            continue
        seen.add(id(item))
        total += sys.getsizeof(item)
        waiting += gc.get_referents(item)
    return total
