"""Reading primaries: whole objects, from the answers of earlier calls where those are still the newest.

A pass needs its primary's whole spec only when something has to be rendered. Answers of own writes are whole objects
at a known version, so a component that the graph's pass has just applied costs its own pass no read.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from shared.core.json import Manifest
from shared.core.objects import ref_of, uid_of, version_of
from shared.core.resources import Ref
from shared.ports.cluster import Cluster
from shared.ports.passes import Entry


@dataclass(slots=True)
class Primaries:
    """Whole graphs and components, the most recently used ones kept."""

    cluster: Cluster
    limit: int = 512
    _kept: OrderedDict[Ref, tuple[str, Manifest]] = field(default_factory=OrderedDict)  # with its epoch

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
