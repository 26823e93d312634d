"""Reading primaries: whole objects, from the answers of earlier calls where those are still the newest.

A pass needs its primary's whole spec only when something has to be rendered. Answers of own writes are whole objects
at a known version, so a component that the graph's pass has just applied costs its own pass no read, and neither does
an object that its first pass puts our finalizer on.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from services.reconciler.desired.names import FINALIZER
from services.reconciler.handlers.finalizers import Finalizers
from shared.core.errors import ConflictError, PermanentError
from shared.core.json import Manifest
from shared.core.objects import finalizers_of, is_deleting, ref_of, uid_of, version_of
from shared.core.resources import Ref
from shared.ports.cluster import Cluster
from shared.ports.passes import Entry, Work


class NotFinalizedError(PermanentError):
    """Our finalizer is refused, so that nothing may be made for the object yet."""


@dataclass(slots=True)
class Primaries:
    """Whole graphs and components, the most recently used ones kept."""

    cluster: Cluster
    finalizers: Finalizers
    limit: int = 512
    _kept: OrderedDict[Ref, tuple[str, Manifest]] = field(default_factory=OrderedDict)  # with its epoch

    async def open(self, entry: Entry, work: Work) -> Manifest | None:
        """Return the whole object, with our finalizer on it; None when it is going or gone: its event is on the way.

        Raise NotFinalizedError when the finalizer is refused.
        """
        manifest = await self._held(entry, work) if FINALIZER not in entry.finalizers else None
        if manifest is None:
            manifest = await self.read(entry)
        if manifest is None or is_deleting(manifest) or uid_of(manifest) != entry.uid:
            return None
        if FINALIZER not in finalizers_of(manifest):
            manifest = await self._finalized(entry, work)
        self.keep(manifest, entry.epoch)
        return manifest

    async def _finalized(self, entry: Entry, work: Work) -> Manifest:
        """Set our finalizer on an object that was read without it: it was refused, or taken off since it was seen."""
        try:
            return await self.finalizers.hold(entry, work)
        except PermanentError as error:
            raise NotFinalizedError(str(error)) from error

    async def _held(self, entry: Entry, work: Work) -> Manifest | None:
        try:
            return await self.finalizers.hold(entry, work)
        except (PermanentError, ConflictError):
            return None  # gone, made anew, or in deletion, where no finalizer is taken: reading it tells

    async def read(self, entry: Entry) -> Manifest | None:
        """Return the object behind an entry, at least at the entry's version; None when it is gone."""
        epoch, kept = self._kept.get(entry.ref, ("", None))
        if (
            kept is not None
            and epoch == entry.epoch
            and uid_of(kept) == entry.uid
            and version_of(kept) >= entry.version
        ):
            self._kept.move_to_end(entry.ref)
            return kept
        manifest = await self.cluster.get(entry.ref)
        if manifest is not None:
            self.keep(manifest, entry.epoch)
        return manifest

    def keep(self, manifest: Manifest, epoch: str = "") -> None:
        """Remember a whole object that the API server answered with; versions say nothing in another epoch."""
        ref = ref_of(manifest)
        self._kept[ref] = (epoch, manifest)
        self._kept.move_to_end(ref)
        if len(self._kept) > self.limit:
            self._kept.popitem(last=False)

    def drop(self, ref: Ref) -> None:
        """Forget an object."""
        self._kept.pop(ref, None)
