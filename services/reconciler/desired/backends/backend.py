"""The shape of a back end: what one inference engine changes about the container and the pod that run it.

A back end sees one node and answers with a launch; it never sees manifests, so it can neither depend on nor disturb
anything that the rest of the pod is made of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.reconciler.desired.layouts import Addresses, Role
from shared.core.json import Manifest


@dataclass(frozen=True, slots=True)
class Node:
    """One pod of a replica that spans several nodes, as a back end may know it."""

    service: str
    role: Role
    nodes: int
    addresses: Addresses
    command: tuple[str, ...]
    args: tuple[str, ...]
    gpus: int = 0  # of this node; 0 when the spec does not tell
    variables: tuple[str, ...] = ()  # names in the environment of the container
    ssh_secret: str = ""

    @property
    def is_worker(self) -> bool:
        """Return whether this node follows another."""
        return self.role is Role.WORKER


@dataclass(frozen=True, slots=True)
class Launch:
    """How the container of one node starts, and what its pod needs for that."""

    command: tuple[str, ...]
    args: tuple[str, ...]
    without_probes: bool = False  # nothing answers on the ports that default probes ask
    readiness: Manifest | None = None  # asked instead
    variables: tuple[tuple[str, str], ...] = ()
    ssh_secret: str = ""  # mounted at `SSH_KEYS`
    missed: str = ""  # what had to be added to the command and could not be


SSH_KEYS = "/ssh-pk"


def unchanged(node: Node) -> Launch:
    """Return the launch of an engine that starts on several nodes as it does on one."""
    return Launch(node.command, node.args)


@dataclass(frozen=True, slots=True)
class Backend:
    """One inference engine."""

    name: str
    cache_mount: str = ""  # where compiled kernels go when the user names no mount point
    cache_variable: str = ""  # tells the engine where that is
    launch: Callable[[Node], Launch] = unchanged  # of one node among several; raises RenderError
