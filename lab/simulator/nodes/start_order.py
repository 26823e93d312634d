"""Decides for whom a pod waits before its containers start: Grove's init container names cliques and numbers of pods.

Pure. Separate from the missing Secrets, which nobody but a person can bring. Invariant: a pod without that container
waits for nobody.
"""

from collections.abc import Mapping
from typing import Final

from lab.simulator.client.resources import Document

CLIQUE: Final = "grove.io/podclique"  # on each pod, the clique that it is of
CONTAINER: Final = "grove-initc"
IMAGE: Final = "ghcr.io/ai-dynamo/grove/grove-initc:v0.1.0"
OPTION: Final = "--podcliques="


def waiting_container(awaited: Mapping[str, int]) -> Document:
    """Return the container that waits until so many pods of each clique are ready."""
    return {"name": CONTAINER, "image": IMAGE, "args": [f"{OPTION}{name}:{pods}" for name, pods in awaited.items()]}


def awaited_by(pod: Document) -> dict[str, int]:
    """Return the cliques that a pod waits for, and how many ready pods of each."""
    for container in pod["spec"].get("initContainers") or ():
        if container["name"] == CONTAINER:
            named = (text.removeprefix(OPTION).rpartition(":") for text in container.get("args") or ())
            return {name: int(pods) for name, _, pods in named}
    return {}
