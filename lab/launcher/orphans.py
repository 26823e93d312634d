"""Keeps one reaper process beside this one, and tells it which process groups to kill when this process dies.

Separate from `processes` because there is one reaper for all children. Invariant: a group is named to the reaper before
its program runs (see the gate in `processes`), so there is no moment in which a death of the parent leaves an orphan.
"""

import os
import subprocess
import sys
import threading

from lab.launcher import reaper


class Orphanage:
    """The reaper of this process, started with the first child and again if somebody killed it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: set[int] = set()
        self._reaper: subprocess.Popen[bytes] | None = None

    def add(self, group: int) -> None:
        """Have `group` killed when this process dies."""
        with self._lock:
            self._groups.add(group)
            self._tell(f"+{group}\n")

    def discard(self, group: int) -> None:
        """Leave `group` alone: its process has ended."""
        with self._lock:
            self._groups.discard(group)
            self._tell(f"-{group}\n")

    def forget_after_fork(self) -> None:
        """Close this copy of the pipe in a forked child, so that the parent's death still ends the input."""
        self._lock = threading.Lock()
        self._groups.clear()
        if self._reaper is not None and self._reaper.stdin is not None:
            os.close(self._reaper.stdin.fileno())
            self._reaper.returncode = 0  # not a child of this process: nothing to wait for
            self._reaper = None

    def _tell(self, line: str) -> None:
        if self._reaper is not None and self._reaper.poll() is None:
            try:
                self._write(self._reaper, line)
            except BrokenPipeError:
                self._reaper = None
            else:
                return
        self._reaper = self._start()
        self._write(self._reaper, "".join(f"+{group}\n" for group in sorted(self._groups)))

    @staticmethod
    def _write(process: subprocess.Popen[bytes], text: str) -> None:
        assert process.stdin is not None
        process.stdin.write(text.encode())
        process.stdin.flush()

    @staticmethod
    def _start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", reaper.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a signal to the parent's whole group must not reach it
            cwd="/",
        )


ORPHANAGE = Orphanage()
os.register_at_fork(after_in_child=ORPHANAGE.forget_after_fork)
