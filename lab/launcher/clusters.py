"""Decides what starting, crashing and asking means for several servers that are one.

Separate from the single server, which each member is, and from how NATS and etcd find their peers. Invariants: members
start together, because none answers before a majority is there; a cluster that has started has a leader.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Generic, Self, TypeVar

from lab.launcher.processes import ProcessError
from lab.launcher.servers import START_DEADLINE, Server

MEMBERS = 3
QUESTION_INTERVAL = 0.03

AnyMember = TypeVar("AnyMember", bound=Server)


class Cluster(ABC, Generic[AnyMember]):
    """Servers that elect a leader among them; used with `with`, they end at once with the block."""

    name: str

    def __init__(self, members: tuple[AnyMember, ...]) -> None:
        self.members = members

    def start(self) -> None:
        """Start every member that is down, and return when there is a leader."""
        start_together(self.members)
        self.leader()

    def stop(self) -> None:
        """Stop one member after the other: the last ones of an etcd that are stopped at once wait for each other."""
        for member in self.members:
            member.stop()

    def kill(self) -> None:
        """Crash every member that runs (kill -9)."""
        for member in self.members:
            if member.is_running:
                member.kill()

    def wipe(self) -> None:
        """Throw away the data of all members, which are down."""
        for member in self.members:
            member.wipe()

    def leader(self) -> AnyMember:
        """Return the member that leads; waits for an election, and raises ProcessError when there is none."""
        return self._elected(self._is_leader)

    @property
    def followers(self) -> tuple[AnyMember, ...]:
        """The members that do not lead."""
        leader = self.leader()
        return tuple(member for member in self.members if member is not leader)

    def wait_until_whole(self, within: timedelta = START_DEADLINE) -> None:
        """Wait until every member runs, answers and has caught up with the others."""
        wait_for(lambda: all(self._is_whole(member) for member in self.members), within, f"{self.name} is whole")

    def _elected(self, is_elected: Callable[[AnyMember], bool]) -> AnyMember:
        found: list[AnyMember] = []

        def has_one() -> bool:
            found[:] = [member for member in self.members if member.is_running and is_elected(member)][:1]
            return bool(found)

        wait_for(has_one, START_DEADLINE, f"{self.name} has a leader")
        return found[0]

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:  # also Ctrl-C: what was started ends
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @abstractmethod
    def _is_leader(self, member: AnyMember) -> bool:
        """Say whether a member claims to lead."""

    @abstractmethod
    def _is_whole(self, member: AnyMember) -> bool:
        """Say whether a member runs and lags behind nobody."""


def start_together(servers: Collection[Server]) -> None:
    """Start servers at once and return when each of them answers: a member may wait for the others to come."""
    with ThreadPoolExecutor(max_workers=len(servers)) as pool:
        for started in [pool.submit(server.start) for server in servers]:
            started.result()


def wait_for(is_so: Callable[[], bool], within: timedelta, goal: str) -> None:
    """Wait until servers say that something is so; ProcessError with `goal` when they do not in time."""
    end = time.monotonic() + within.total_seconds()
    while not is_so():
        if time.monotonic() > end:
            raise ProcessError(f"{goal}: not within {within.total_seconds():g} s")
        time.sleep(QUESTION_INTERVAL)
