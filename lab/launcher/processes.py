"""Decides how one child process is started, paused, killed and stopped.

Separate from the server modules, which only know command lines. Invariants: each child leads a process group of its
own; a child ends with its parent until it is released; after `stop` or `kill` returns the process is gone.
"""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Self

from lab.launcher.orphans import ORPHANAGE

LOG_LINES_IN_ERRORS = 15
POLL_INTERVAL = 0.01
NOT_FOR_CLIENTS = range(20_000, 32_000)  # below what Linux, macOS and Windows give to outgoing connections

# The program starts only when its group is known to the reaper; if the parent dies first, `read` meets the end.
GATE = 'read -r go || exit 125; exec "$@" </dev/null'


class ProcessError(Exception):
    """A child process did not do what was asked; the message carries the end of its log."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to run: a name for messages, a command line, and where its output goes."""

    name: str
    command: tuple[str, ...]
    log_file: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None


class ManagedProcess:
    """One running child process; made by `start`."""

    def __init__(self, program: Program, process: subprocess.Popen[bytes]) -> None:
        self.program = program
        self._process = process
        self._is_registered = True

    @classmethod
    def start(cls, program: Program) -> Self:
        """Start `program` in a process group of its own, appending its output to its log file."""
        program.log_file.parent.mkdir(parents=True, exist_ok=True)
        with program.log_file.open("ab") as log:
            process = subprocess.Popen(
                ["/bin/sh", "-c", GATE, "sh", *program.command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **program.environment},
                cwd=program.folder,
                start_new_session=True,
            )
        started = cls(program, process)
        ORPHANAGE.add(process.pid)
        assert process.stdin is not None
        with suppress(BrokenPipeError), process.stdin as gate:
            gate.write(b"go\n")
        return started

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its process group."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Say whether the process has not ended (a paused one has not)."""
        return self.exit_code is None

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; nothing while it runs."""
        code = self._process.poll()
        if code is not None:
            self._forget()
        return code

    def release(self) -> None:
        """Let the process outlive this one from now on."""
        self._forget()

    def pause(self) -> None:
        """Freeze the process: its sockets stay open and nobody answers, from the moment that this returns."""
        self._signal(signal.SIGSTOP)
        if hasattr(os, "waitid"):  # macOS has it from Python 3.13 on
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """Let a paused process go on."""
        self._signal(signal.SIGCONT)

    def reload(self) -> None:
        """Ask the process to read its files again (SIGHUP)."""
        os.kill(self._process.pid, signal.SIGHUP)

    def kill(self) -> None:
        """End the process and its children at once, as a crash would, and wait until it is gone."""
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._forget()

    def stop(self, deadline: timedelta = timedelta(seconds=10)) -> int:
        """Ask the process to end, kill it after `deadline`, and return its exit code."""
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(deadline.total_seconds())
        self.kill()  # the process if it did not listen, and in any case what is left of its group
        return self._process.returncode

    def wait(self, deadline: timedelta) -> int:
        """Wait for the process to end by itself and return its exit code."""
        try:
            code = self._process.wait(deadline.total_seconds())
        except subprocess.TimeoutExpired as error:
            raise ProcessError(self.explain(f"is still running after {deadline.total_seconds():g} s")) from error
        self._forget()
        return code

    def wait_until(self, is_ready: Callable[[], bool], *, deadline: timedelta, goal: str) -> None:
        """Wait until `is_ready` answers yes; a process that ends before, or is too late, is an error."""
        end = time.monotonic() + deadline.total_seconds()
        while not is_ready():
            if not self.is_running:
                raise ProcessError(self.explain(f"ended with exit code {self.exit_code} before it {goal}"))
            if time.monotonic() > end:
                raise ProcessError(self.explain(f"has not {goal} within {deadline.total_seconds():g} s"))
            time.sleep(POLL_INTERVAL)

    def log_tail(self, lines: int = LOG_LINES_IN_ERRORS) -> str:
        """Return the last lines of the log."""
        return log_tail(self.program.log_file, lines)

    def explain(self, what: str) -> str:
        """Return a sentence about this process with the end of its log."""
        return f"{self.program.name} {what}; the end of {self.program.log_file}:\n{self.log_tail()}"

    def _signal(self, number: signal.Signals) -> None:
        # The group, not the process: a program may have children. The id cannot be reused before `wait`.
        with suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
            os.killpg(self._process.pid, number)

    def _forget(self) -> None:
        if self._is_registered:
            self._is_registered = False
            ORPHANAGE.discard(self._process.pid)


def log_tail(log_file: Path, lines: int = LOG_LINES_IN_ERRORS) -> str:
    """Return the last lines of `log_file`, reading only its end."""
    try:
        with log_file.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - lines * 512))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""


def port_answers(port: int, host: str = "127.0.0.1") -> bool:
    """Say whether something accepts connections on `port`."""
    with suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


def free_ports(number: int) -> tuple[int, ...]:
    """Return different ports that nobody listened on a moment ago; for programs that must be told their ports.

    None of them is one that the system gives to outgoing connections, which would take it before the program does.
    """
    found: list[int] = []
    with ExitStack() as probes:
        while len(found) < number:
            probe = probes.enter_context(socket.socket())
            port = random.SystemRandom().choice(NOT_FOR_CLIENTS)  # a test may have seeded the other
            with suppress(OSError):  # somebody has it
                probe.bind(("127.0.0.1", port))
                found.append(port)
    return tuple(found)


def free_port() -> int:
    """Return one such port."""
    return free_ports(1)[0]
