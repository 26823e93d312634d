"""Where a pod stands in one replica of its component: alone, or as leader or worker among the pods of several nodes.

Back ends build their command lines from this value and from nothing else that an orchestrator decides, so a new
orchestrator is one more `Addresses` and no back end changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Role(StrEnum):
    """What a pod does in its replica."""

    MAIN = "main"  # the only pod
    LEADER = "leader"
    WORKER = "worker"


class Addresses(Protocol):
    """How the pods of one replica name each other (workloads 6.2).

    Texts may hold `$(NAME)`, which the kubelet replaces wherever it stands; what says "shell" is for a shell only.
    """

    @property
    def needs_names(self) -> bool:
        """Return whether names of workers may not resolve yet when the leader starts."""
        ...

    @property
    def rank(self) -> str:
        """Return a worker's rank among the nodes, as a word of a command line."""
        ...

    @property
    def rank_needs_shell(self) -> bool:
        """Return whether only a shell can work out `rank`."""
        ...

    def times_rank(self, factor: int) -> str:
        """Return a multiple of a worker's rank, for a shell to work out."""
        ...

    def leader(self, service: str) -> str:
        """Return the host name of the leader."""
        ...

    def leader_in_shell(self, service: str) -> str:
        """Return the host name of the leader as the reference writes it in lines for a shell."""
        ...

    def workers(self, service: str, nodes: int) -> tuple[str, ...]:
        """Return the host names of all workers, in the order of their ranks, for a shell to work out."""
        ...


@dataclass(frozen=True, slots=True)
class Layout:
    """One pod's place; a replica of one node needs no addresses."""

    role: Role = Role.MAIN
    nodes: int = 1
    addresses: Addresses | None = None

    def __post_init__(self) -> None:
        """Refuse nodes that could not find each other: they would start, and never serve (W-25)."""
        if self.is_shared and (self.addresses is None or self.role is Role.MAIN):
            raise ValueError(f"{self.nodes} nodes need addresses, and a leader and workers")

    @property
    def is_shared(self) -> bool:
        """Return whether a replica spans several nodes."""
        return self.nodes > 1


ALONE = Layout()
