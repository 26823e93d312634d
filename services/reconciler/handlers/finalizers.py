"""Setting our finalizer on a primary, and taking it off one that is being deleted (workloads 9.2)."""

from __future__ import annotations

from dataclasses import dataclass

from services.reconciler.desired.names import FINALIZER
from shared.contracts.ownership import FINALIZERS
from shared.core.errors import NotFoundError
from shared.core.json import Manifest
from shared.ports.cluster import Cluster
from shared.ports.passes import Entry, Work


@dataclass(frozen=True, slots=True)
class Finalizers:
    """Write finalizers of primaries; nothing else of a user's object is touched."""

    cluster: Cluster

    async def hold(self, entry: Entry, work: Work) -> Manifest:
        """Set our finalizer on an object that is seen without it, and return the whole object as it is now.

        The uid keeps a deleted one from being made anew.
        """
        work.fence.check()
        answer = await self.cluster.apply(
            {
                "apiVersion": entry.ref.resource.api_version,
                "kind": entry.ref.resource.kind,
                "metadata": {
                    "name": entry.ref.name,
                    "namespace": entry.ref.namespace,
                    "uid": entry.uid,
                    "finalizers": [FINALIZER],
                },
            },
            manager=FINALIZERS,
        )
        work.view.was_written(answer)
        return answer

    async def release(self, entry: Entry, work: Work) -> None:
        """Take our finalizer off an object in deletion; another one's in the same place is a conflict, not removed."""
        if FINALIZER not in entry.finalizers:
            return
        work.fence.check()
        at = f"/metadata/finalizers/{entry.finalizers.index(FINALIZER)}"
        try:
            await self.cluster.patch(
                entry.ref,
                [
                    {"op": "test", "path": "/metadata/uid", "value": entry.uid},
                    {"op": "test", "path": at, "value": FINALIZER},
                    {"op": "remove", "path": at},
                ],
                manager=FINALIZERS,
            )
        except NotFoundError:
            return  # gone already
