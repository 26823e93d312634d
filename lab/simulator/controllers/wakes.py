"""Says what wakes a controller: its own objects, those that it controls, and an account that its pods waited for.

Separate from the controllers, which only know how to bring one key to rest. Invariant: whatever a controller reads
wakes it when it changes.
"""

from lab.simulator.client.caches import Cache
from lab.simulator.client.resources import Document
from lab.simulator.controllers.pod_making import PodMaker
from lab.simulator.objects import controller_key
from lab.simulator.work.workers import Controller
from lab.simulator.world import World, changed_key


def wake_by_own(cache: Cache, controller: Controller) -> None:
    """Wake `controller` when one of its own objects changes."""
    cache.listen(lambda before, after: controller.queue.add(changed_key(before, after)))


def wake_by_controlled(cache: Cache, kind: str, controller: Controller) -> None:
    """Wake `controller`, whose objects are of `kind`, when something changes that one of them controls."""

    def changed(before: Document | None, after: Document | None) -> None:
        for document in (before, after):
            if document is not None and (owner := controller_key(document, kind)) is not None:
                controller.queue.add(owner)

    cache.listen(changed)


def wake_by_accounts(world: World, maker: PodMaker, controller: Controller) -> None:
    """Wake `controller` when an account appears that pods of its objects waited for."""

    def changed(before: Document | None, after: Document | None) -> None:
        if before is None and after is not None:
            for key in maker.released_by(after):
                controller.queue.add(key)

    world.service_accounts.listen(changed)
