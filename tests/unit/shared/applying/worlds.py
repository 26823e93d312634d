"""Views, fences and records for the part of a pass that compares, writes and remembers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from shared.contracts.etcd_keys import EtcdKeys
from shared.core.errors import LeaseLostError
from shared.core.json import Manifest
from shared.core.resources import DEPLOYMENTS, GRAPHS, SERVICES, Ref, Resource
from shared.ports.passes import Decision, Work
from shared.runtime.partitions.views.view import PartitionView, PassView

KEYS = EtcdKeys("test")
PRIMARY = Ref(GRAPHS, "default", "chat")
MANAGED = (DEPLOYMENTS, SERVICES)
UID = "graph-uid"


@dataclass(slots=True)
class Fence:
    """A fence that a test can end."""

    claim: str = KEYS.claim("test", "1")
    token: int = 0
    is_ended: bool = False

    def check(self) -> None:
        """Hold until it is ended."""
        if self.is_ended:
            raise LeaseLostError("the claim has ended")


@dataclass(slots=True)
class Told:
    """A decision log that keeps what it is told."""

    decisions: list[Decision] = field(default_factory=list)

    def record(self, decision: Decision) -> None:
        """Keep a decision."""
        self.decisions.append(decision)


def a_child(resource: Resource = SERVICES, name: str = "one", *, owner: str = UID, **spec: object) -> Manifest:
    """Return a child as it is desired; without an owner nobody controls it."""
    reference = {
        "apiVersion": GRAPHS.api_version,
        "kind": GRAPHS.kind,
        "name": "chat",
        "uid": owner,
        "controller": True,
    }
    metadata: Manifest = {"name": name, "namespace": "default"}
    if owner:
        metadata["ownerReferences"] = [reference]
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, "spec": spec}


def a_view(manifests: Iterable[Manifest] = ()) -> PassView:
    """Return a view of some objects."""
    view = PassView(PartitionView(0, 1), lambda effect: None)
    for manifest in manifests:
        view.was_written(manifest)
    return view


def work(view: PassView, fence: Fence) -> Work:
    """Return one pass over graph `chat`."""
    return Work(PRIMARY, view, fence, "edit", cause="event-1", correlation="edit.1")
