"""Decides where a local stack keeps its state, and which of the processes it names are still the ones it started.

Separate from starting them, because every command reads this and few start anything. Invariants: a process is known by
its id *and* the time it began, so that an id which the system gave to somebody else is never signalled; the record is
replaced in one step, so that a reader never sees half of it.
"""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from lab.launcher.processes import POLL_INTERVAL, ProcessError, log_tail

RECORD_VERSION = 2

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")  # also that of an installation


class StackNameError(Exception):
    """A name that no stack can have."""


@dataclass(frozen=True, slots=True)
class StackProcess:
    """One process of a stack."""

    name: str
    pid: int
    began: str
    log: str
    health_url: str = ""

    @property
    def is_running(self) -> bool:
        """Say whether this very process lives."""
        return bool(self.began) and began(self.pid) == self.began

    def log_tail(self, lines: int = 15) -> str:
        """Return the end of its log."""
        return log_tail(Path(self.log), lines)


@dataclass(frozen=True, slots=True)
class Stack:
    """What a running stack is made of; processes in the order in which they were started."""

    name: str
    version: str
    nats_url: str
    etcd_endpoints: str
    api_url: str
    kubeconfig: str
    lab_url: str = ""
    processes: tuple[StackProcess, ...] = field(default=())

    def process(self, name: str) -> StackProcess | None:
        """Return a process by its name."""
        return next((process for process in self.processes if process.name == name), None)

    @property
    def logs_folder(self) -> Path:
        """Return where the processes log to."""
        return stack_folder(self.name) / "logs"

    @property
    def dead(self) -> tuple[StackProcess, ...]:
        """Return the processes that have ended although nobody took the stack down."""
        return tuple(process for process in self.processes if not process.is_running)

    @property
    def is_running(self) -> bool:
        """Say whether any process of the stack lives."""
        return any(process.is_running for process in self.processes)

    def with_process(self, process: StackProcess) -> "Stack":
        """Return the stack with one more process, or with a process of that name replaced."""
        others = tuple(each for each in self.processes if each.name != process.name)
        return replace(self, processes=(*others, process))


def state_home() -> Path:
    """Return the folder of all stacks."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "dynamo-platform"


def stack_folder(name: str) -> Path:
    """Return the folder of one stack; raise StackNameError for a name that would lead somewhere else."""
    if not _NAME.fullmatch(name):
        raise StackNameError(f"no stack can be named {name!r}: use lower-case letters, digits and hyphens, 63 at most")
    return state_home() / name


def read_stack(name: str) -> Stack | None:
    """Return the record of a stack, whether or not its processes still live; damaged records count as none."""
    try:
        record = json.loads((stack_folder(name) / "stack.json").read_text())
        if record.pop("v") != RECORD_VERSION:
            return None
        record["processes"] = tuple(StackProcess(**process) for process in record["processes"])
        return Stack(**record)
    except (OSError, KeyError, TypeError, ValueError):
        return None


def write_stack(stack: Stack) -> None:
    """Replace the record of a stack."""
    folder = stack_folder(stack.name)
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / "stack.json.new"
    draft.write_text(json.dumps({"v": RECORD_VERSION, **asdict(stack)}, indent=2) + "\n")
    draft.replace(folder / "stack.json")


def forget_stack(name: str, *, purge: bool) -> None:
    """Remove the record of a stack, and with `purge` its logs and data too."""
    with suppress(FileNotFoundError):
        (stack_folder(name) / "stack.json").unlink()
    if purge:
        shutil.rmtree(stack_folder(name), ignore_errors=True)


@contextmanager
def starting(name: str) -> Iterator[None]:
    """Keep a second command from starting the same stack meanwhile; raise ProcessError when one does already."""
    folder = stack_folder(name)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".starting").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ProcessError(
                f"stack {name} is being started by another command: wait for it, then ask again"
            ) from error
        yield


def list_stacks() -> list[Stack]:
    """Return all recorded stacks, sorted by name."""
    names = sorted(path.parent.name for path in state_home().glob("*/stack.json"))
    return [stack for name in names if _NAME.fullmatch(name) and (stack := read_stack(name)) is not None]


def began(pid: int) -> str:
    """Return what tells a process from a later one with its id, or an empty text when there is no such process."""
    status = Path(f"/proc/{pid}/stat")
    if Path("/proc/self").exists():
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            return ""
        return "" if fields[0] == "Z" else fields[19]  # start time in clock ticks since boot, see proc(5)
    found = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False, timeout=5
    ).stdout.strip()
    state, _, started = found.partition(" ")
    return "" if not found or state.startswith("Z") else started.strip()


def stop_process(process: StackProcess, deadline: timedelta) -> bool:
    """End one process: SIGTERM, then SIGKILL after the deadline; say whether it ended by itself."""
    if not process.is_running:
        return True
    _signal_group(process.pid, signal.SIGCONT)
    _signal_group(process.pid, signal.SIGTERM)
    end = time.monotonic() + deadline.total_seconds()
    while process.is_running and time.monotonic() < end:
        time.sleep(POLL_INTERVAL)
        _reap(process.pid)
    ended_itself = not process.is_running
    _signal_group(process.pid, signal.SIGKILL)
    while process.is_running:
        time.sleep(POLL_INTERVAL)
        _reap(process.pid)
    return ended_itself


def _signal_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _reap(pid: int) -> None:
    """Collect the process if it is a child of ours: as a zombie it would look alive to `ps`."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
