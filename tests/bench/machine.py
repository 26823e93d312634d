"""The machine that figures were measured on, and what processes cost."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from lab.launcher.stacks import Stack

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds and resident memory of one process."""

    cpu_seconds: float
    memory_mib: float


def description() -> str:
    """Return processor, cores, memory and versions as one line."""
    return (
        f"{_processor()}, {os.cpu_count()} cores, {_memory_gib():.0f} GiB, "
        f"{platform.system()} {platform.release().partition('-')[0]}, Python {platform.python_version()}"
    )


def costs(stack: Stack) -> dict[str, Cost]:
    """Return what each process of a stack has cost so far."""
    return {process.name: cost(process.pid) for process in stack.processes if process.is_running}


def cost(pid: int) -> Cost:
    """Return what a process has cost so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    return Cost((int(fields[11]) + int(fields[12])) / _TICKS, resident / 1024)


def spent_on_machine() -> float:
    """Return the CPU seconds that everybody has spent since the machine began."""
    user, nice, system, _idle, _waiting, *others = _fields_of_cpu()
    return (user + nice + system + sum(others[:3])) / _TICKS  # interrupts of both kinds, and what other guests took


def _fields_of_cpu() -> list[int]:
    return [int(field) for field in Path("/proc/stat").read_text().partition("\n")[0].split()[1:]]


def busy_share(seconds: float, cpu_seconds: float) -> float:
    """Return which share of all cores some CPU seconds were, over a time."""
    return cpu_seconds / (seconds * (os.cpu_count() or 1))


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gib() -> float:
    line = Path("/proc/meminfo").read_text().splitlines()[0]
    return int(line.split()[1]) / 1024 / 1024
