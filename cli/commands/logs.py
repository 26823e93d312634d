"""`dynamoctl logs`: the log files of a local stack."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, TextIO

import typer

from cli.failures import CommandError, Exit
from cli.targets import NameOption, find_stack
from lab.launcher.stacks import StackProcess

HELP = """Print the logs of the stack's processes, the newest lines of each.

Example: dynamoctl logs reconciler --lines 50
"""

POLL_SECONDS = 0.2


def logs(
    process: Annotated[str, typer.Argument(help="A process of the stack; all where none is named.")] = "",
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until interrupted.")] = False,
    lines: Annotated[int, typer.Option("--lines", min=0, help="Lines of each log to begin with.")] = 20,
    name: NameOption = "",
) -> None:
    """Print log lines; with several processes each line begins with its process."""
    stack = find_stack(name)
    chosen = [each for each in stack.processes if not process or each.name == process]
    if not chosen:
        known = ", ".join(each.name for each in stack.processes)
        raise CommandError(f"stack {stack.name} has no process {process!r}: it has {known}", Exit.NOTHING_FOUND)
    width = max(len(each.name) for each in chosen)
    for each in chosen:
        for line in each.log_tail(lines).splitlines():
            _print(each, line, width, many=len(chosen) > 1)
    if follow:
        _follow(chosen, width)


def _follow(chosen: list[StackProcess], width: int) -> None:
    files: list[tuple[StackProcess, TextIO]] = []
    for each in chosen:
        file: TextIO = Path(each.log).open(errors="replace")  # noqa: SIM115  # kept open for as long as we follow
        file.seek(0, 2)
        files.append((each, file))
    while True:
        for each, file in files:
            for line in file:
                _print(each, line.rstrip("\n"), width, many=len(chosen) > 1)
        sys.stdout.flush()
        time.sleep(POLL_SECONDS)


def _print(process: StackProcess, line: str, width: int, *, many: bool) -> None:
    print(f"{process.name.ljust(width)}  {line}" if many else line)
