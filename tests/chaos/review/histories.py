"""Putting a simulated cluster back to what it was, as a restored backup does."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

from shared.core.json import Manifest
from shared.core.resources import NAMESPACES, Ref
from shared.testing.cluster import FakeCluster

SYSTEM = Ref(NAMESPACES, "", "kube-system")


@dataclass(frozen=True, slots=True)
class Backup:
    """Everything that a cluster held at one version."""

    stored: dict[Ref, Manifest]
    version: int

    @classmethod
    def of(cls, cluster: FakeCluster) -> Backup:
        """Take a backup."""
        return cls(deepcopy(cluster.objects.stored), cluster.objects.version)

    def restore(self, cluster: FakeCluster) -> None:
        """Put the cluster back; whoever watches lists again."""
        objects = cluster.objects
        objects.stored.clear()
        objects.stored.update(deepcopy(self.stored))
        objects.version = self.version
        cluster.expire_history()
        cluster.watches.relist()


def become_another(cluster: FakeCluster, uid: str) -> None:
    """Put an empty cluster in the place of this one."""
    objects = cluster.objects
    system = deepcopy(objects.stored[SYSTEM])
    system["metadata"]["uid"] = uid
    namespaces = {ref: each for ref, each in objects.stored.items() if ref.resource is NAMESPACES}
    objects.stored.clear()
    objects.stored.update({**namespaces, SYSTEM: system})
    objects.version = 10
    cluster.expire_history()
    cluster.watches.relist()
