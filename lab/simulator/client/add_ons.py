"""Watches resources that a cluster may learn and forget: those of definitions that are applied and deleted at run time.

Separate from the informers, which take it that their resource is served. Invariants: a resource without a definition
costs no request; when a definition goes, everything that was known of its resource is gone too.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from lab.simulator.client.caches import Cache
from lab.simulator.client.informers import Informer
from lab.simulator.client.resources import Document, Resource
from lab.simulator.objects import TRUE, condition, is_deleting

MakeInformer = Callable[[Resource, Cache], Informer]


def summary(document: Document) -> Document:
    """Keep of a definition which versions it serves, and whether it serves at all."""
    metadata, spec = document["metadata"], document["spec"]
    established = condition(document, "Established") or {}
    kept = {
        name: metadata[name] for name in ("name", "uid", "resourceVersion", "deletionTimestamp") if name in metadata
    }
    is_served = established.get("status") == TRUE and not is_deleting(document)
    versions = [version["name"] for version in spec["versions"] if version.get("served")] if is_served else []
    return {"metadata": kept, "versions": versions}


def serves(definitions: Cache, resource: Resource) -> bool:
    """Say whether the cluster serves a resource that it may also not serve."""
    definition = definitions.get(("", f"{resource.plural}.{resource.group}"))
    return definition is not None and resource.version in definition["versions"]


@dataclass(eq=False)
class AddOn:
    """One resource, watched while the cluster serves it."""

    resource: Resource
    cache: Cache
    make_informer: MakeInformer
    definitions: Cache
    _informer: Informer | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _started: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Listen to the definitions."""
        self.definitions.listen(lambda before, after: self._news.set())

    @property
    def is_served(self) -> bool:
        """Say whether the cluster serves the resource."""
        return serves(self.definitions, self.resource)

    async def run(self) -> None:
        """Watch whenever there is something to watch, for ever."""
        while True:
            await self._until(is_served=True)
            async with asyncio.TaskGroup() as group:
                self._informer = self.make_informer(self.resource, self.cache)
                self._started.set()
                watching = group.create_task(self._informer.run())
                await self._until(is_served=False)
                watching.cancel()
            for document in self.cache:
                self.cache.remove(document)
            self.cache.clear_history()  # a version that is served again brings the same objects back

    async def synced(self) -> None:
        """Return when everything is known that there is to know now; the definitions must be."""
        if self.is_served:
            await self._started.wait()
            assert self._informer is not None, "an informer is there from the start on"
            await self._informer.synced.wait()

    async def _until(self, *, is_served: bool) -> None:
        while self.is_served is not is_served:
            self._news.clear()
            await self._news.wait()
