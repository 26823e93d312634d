"""Decides what happens to child processes whose parent died: they are killed.

A program of its own, because nothing inside the parent runs after kill -9. The parent holds the writing end of this
program's standard input and names the process groups to kill (`+ID`) and to forget (`-ID`); the end of the input means
that the parent is gone. Portable: no signal that follows the parent's *thread*, which Linux's PR_SET_PDEATHSIG does.
Invariant: imports nothing outside the standard library's smallest modules, so that it starts in a few milliseconds.
"""

import os
import signal
import sys
from collections.abc import Iterable


def groups_to_kill(lines: Iterable[str]) -> set[int]:
    """Return the process groups that the parent had named and not taken back when its end came."""
    groups: set[int] = set()
    for line in lines:
        sign, number = line[:1], line[1:].strip()
        if not number.isdigit():
            continue  # a line cut off by the parent's death
        if sign == "+":
            groups.add(int(number))
        else:
            groups.discard(int(number))
    return groups


def main() -> None:
    """Wait for the end of the input and kill what is left."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    for group in groups_to_kill(sys.stdin):
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            continue


if __name__ == "__main__":
    main()
