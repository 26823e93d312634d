"""Decides what a pod on a node is doing at a moment: its stages, from the time that it was placed.

Pure, and separate from the status, which only words the stage. Invariant: the stage depends on elapsed time, the drawn
delays and the fault alone, so a simulator that was restarted goes on where it was.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from lab.simulator.nodes.faults import Fault

FIRST_BACK_OFF: Final = 10.0
LONGEST_BACK_OFF: Final = 300.0


class Phase(Enum):
    """What the containers of a pod are doing."""

    CREATING = "creating"
    RUNNING = "running"
    READY = "ready"
    PULL_FAILED = "pull failed"
    PULL_BACK_OFF = "pull back-off"
    CRASHED = "crashed"
    CRASH_BACK_OFF = "crash back-off"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Task:
    """What a pod does that ends by itself: for how long, and whether its containers are started again after a crash."""

    seconds: float
    is_repeated: bool


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take for one pod, in seconds."""

    until_running: float
    until_ready: float  # after running
    task: Task | None = None  # of a pod that is to end
    until_crash: float = 1.0
    speed: float = 1.0

    def back_off(self, restarts: int) -> float:
        """Return the pause before the next restart."""
        return self.nominal_back_off(restarts) / self.speed

    @staticmethod
    def nominal_back_off(restarts: int) -> float:
        """Return the pause that the kubelet speaks of."""
        return min(FIRST_BACK_OFF * float(2**restarts), LONGEST_BACK_OFF)


@dataclass(frozen=True, slots=True)
class Stage:
    """What a pod is doing since when, and until when if that is known (seconds after it was placed)."""

    phase: Phase
    since: float
    until: float | None
    restarts: int = 0


def stage(pace: Pace, fault: Fault | None, elapsed: float) -> Stage:
    """Return the stage after `elapsed` seconds."""
    for found in _stages(pace, fault):
        if found.until is None or elapsed < found.until:
            return found
    raise AssertionError("the last stage has no end")


def _stages(pace: Pace, fault: Fault | None) -> Iterator[Stage]:
    running = pace.until_running
    yield Stage(Phase.CREATING, 0, running)
    match fault:
        case Fault.IMAGE_PULL:
            backing_off = running + 1 / pace.speed
            yield Stage(Phase.PULL_FAILED, running, backing_off)
            yield Stage(Phase.PULL_BACK_OFF, backing_off, None)
        case Fault.CRASH_LOOP | Fault.OUT_OF_MEMORY if pace.task is not None and not pace.task.is_repeated:
            crash = running + pace.until_crash / pace.speed
            yield Stage(Phase.RUNNING, running, crash)
            yield Stage(Phase.FAILED, crash, None)
        case Fault.CRASH_LOOP | Fault.OUT_OF_MEMORY:
            yield from _crashes(pace, running)
        case Fault.NEVER_READY:
            yield Stage(Phase.RUNNING, running, None)
        case _ if pace.task is not None:
            yield Stage(Phase.READY, running, running + pace.task.seconds)
            yield Stage(Phase.SUCCEEDED, running + pace.task.seconds, None)
        case _:
            yield Stage(Phase.RUNNING, running, running + pace.until_ready)
            yield Stage(Phase.READY, running + pace.until_ready, None)


def _crashes(pace: Pace, begin: float) -> Iterator[Stage]:
    restarts = 0
    while True:
        crash = begin + pace.until_crash / pace.speed
        yield Stage(Phase.RUNNING, begin, crash, restarts)
        back_off = crash + 1 / pace.speed
        yield Stage(Phase.CRASHED, crash, back_off, restarts)
        begin = back_off + pace.back_off(restarts)
        yield Stage(Phase.CRASH_BACK_OFF, back_off, begin, restarts)
        restarts += 1
