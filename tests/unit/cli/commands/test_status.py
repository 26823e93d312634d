"""What the status of a stack says of its servers."""

from __future__ import annotations

import os

import pytest

from cli.commands.status import member_lines
from lab.launcher.stacks import Stack, StackProcess, began


def a_stack(*names: str, dead: frozenset[str] = frozenset()) -> Stack:
    """Return a stack of processes, some of them ended."""
    processes = tuple(
        StackProcess(name, os.getpid(), "another time" if name in dead else began(os.getpid()), "/nowhere.log")
        for name in names
    )
    return Stack("lab", "1.0", "nats://x", "http://y", "https://z", "/kube", processes=processes)


@pytest.mark.parametrize(
    ("stack", "lines"),
    [
        pytest.param(a_stack("nats", "etcd"), [], id="servers that stand alone are not counted"),
        pytest.param(
            a_stack("nats-1", "nats-2", "nats-3", "etcd", dead=frozenset({"nats-2"})),
            ["nats: 2 of 3 members run"],
            id="a member that has ended is missing",
        ),
    ],
)
def test_the_members_of_clusters_are_counted(stack: Stack, lines: list[str]) -> None:
    assert member_lines(stack) == lines
