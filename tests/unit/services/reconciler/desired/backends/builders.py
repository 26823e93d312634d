"""Nodes of replicas, in which a test names only what it is about."""

from __future__ import annotations

from typing import Any

from services.reconciler.desired.addresses import GROVE
from services.reconciler.desired.backends.backend import Node
from services.reconciler.desired.layouts import Layout, Role
from services.reconciler.desired.pods import pod_spec
from tests.unit.services.reconciler.desired.builders import PLATFORM, a_component

GROVE_LEADER = "$(GROVE_PCSG_NAME)-$(GROVE_PCSG_INDEX)-w-ldr-0.$(GROVE_HEADLESS_SERVICE)"


def a_node(command: str | tuple[str, ...] = "", args: str | tuple[str, ...] = "", **fields: Any) -> Node:
    """Return a node; command and arguments are words, or a text of words with spaces between."""
    known: dict[str, Any] = {
        "service": "w",
        "role": Role.LEADER,
        "nodes": 2,
        "addresses": GROVE,
        "command": tuple(command.split()) if isinstance(command, str) else command,
        "args": tuple(args.split()) if isinstance(args, str) else args,
        "gpus": 8,
        "ssh_secret": "keys",
    }
    return Node(**(known | fields))


def container_at(layout: Layout, **spec: Any) -> Any:
    """Return the main container of one place in a replica."""
    return pod_spec(a_component(**spec), PLATFORM, layout)["containers"][-1]
