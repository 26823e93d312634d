"""Brings the EndpointSlices of one Service to what its selector finds.

Thin: what the slices hold is decided in `endpoints`. Slices get seeded names; those that are there are reused in order.
"""

from lab.simulator.chances import suffix
from lab.simulator.client.caches import Key
from lab.simulator.client.errors import ApiError
from lab.simulator.client.resources import ENDPOINT_SLICES, Document
from lab.simulator.controllers.endpoints import endpoint_slices, is_same, selects, wants_slices
from lab.simulator.objects import is_deleting, labels_of
from lab.simulator.work.settling import Settling
from lab.simulator.world import World, label_keys

SETTLE_SECONDS = 0.03
MOST_ATTEMPTS = 20
PLACEHOLDER_SECONDS = 1.0  # a slice without endpoints would nearly always be filled a moment later


class EndpointSliceController:
    """Reconciles the slices of Services."""

    def __init__(self, world: World, *, seed: int) -> None:
        self._world = world
        self._seed = seed
        self._settling = Settling(SETTLE_SECONDS)
        self._empty = Settling(PLACEHOLDER_SECONDS)

    async def __call__(self, key: Key) -> float | None:
        """Bring the slices of one Service to rest."""
        service = self._world.services.get(key)
        if service is None or is_deleting(service) or not wants_slices(service):
            self._forget(key)
            return None  # owner references collect the slices
        wanted = endpoint_slices(service, self._selected(service))
        present = sorted(self._world.endpoint_slices.by("service", "/".join(key)), key=_name)
        if len(present) == len(wanted) and all(map(is_same, wanted, present)):
            self._forget(key)
            return None
        is_empty = not present and not wanted[0]["endpoints"]
        remaining = (self._empty if is_empty else self._settling).remaining(key)
        if remaining > 0:
            return remaining
        await self._write(key, wanted, present)
        return None

    def services_of(self, pod: Document) -> list[Document]:
        """Return the Services that stand for `pod`."""
        keys = label_keys(pod["metadata"]["namespace"], labels_of(pod).items())
        found = (service for key in keys for service in self._world.services.by("selector", key))
        return [service for service in found if selects(service, pod)]

    def _selected(self, service: Document) -> list[Document]:
        keys = label_keys(service["metadata"]["namespace"], service["spec"]["selector"].items())
        candidates = min((self._world.pods.by("label", key) for key in keys), key=len)
        return [pod for pod in candidates if selects(service, pod)]

    def _forget(self, key: Key) -> None:
        self._settling.forget(key)
        self._empty.forget(key)

    async def _write(self, key: Key, wanted: list[Document], present: list[Document]) -> None:
        for slice_, known in zip(wanted, present, strict=False):
            if not is_same(slice_, known):
                patch = {"metadata": {"labels": slice_["metadata"]["labels"]}}
                patch |= {"endpoints": slice_["endpoints"], "ports": slice_["ports"]}
                self._world.endpoint_slices.observe(await self._world.api.patch(ENDPOINT_SLICES, known, patch))
        for number, slice_ in enumerate(wanted[len(present) :], start=len(present)):
            await self._create(key, slice_, number)
        for surplus in present[len(wanted) :]:
            await self._world.api.delete(ENDPOINT_SLICES, surplus)

    async def _create(self, key: Key, slice_: Document, number: int) -> None:
        for attempt in range(MOST_ATTEMPTS):
            slice_["metadata"]["name"] = f"{key[1]}-{suffix(self._seed, *key, number, attempt)}"
            try:
                self._world.endpoint_slices.observe(await self._world.api.create(ENDPOINT_SLICES, slice_))
            except ApiError as error:
                if error.reason == "AlreadyExists" and attempt < MOST_ATTEMPTS - 1:
                    continue  # an earlier slice of this Service, or of one that had its name
                raise
            return


def _name(document: Document) -> str:
    return str(document["metadata"]["name"])
