"""What a pass depends on besides its primary: the installation's settings, what the cluster offers, what is around.

One value for graphs and components, so that both render from the same. Its digest is part of the inputs that an
inventory records, and holds only what concerns the primary: a queue of another graph changes nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from services.reconciler.desired.component import NOTHING, Surroundings
from services.reconciler.desired.rendering import RENDERER_VERSION
from shared.api.platform import PlatformContext
from shared.applying.inventories import Inputs, metadata_digest
from shared.contracts.facts import ORCHESTRATORS, decode_orchestrators
from shared.core.json import digest
from shared.ports.passes import Entry, Work


@dataclass(frozen=True, slots=True)
class Context:
    """What the rendering of one primary depends on besides the primary."""

    platform: PlatformContext
    digest: str
    surroundings: Surroundings = NOTHING


@dataclass(slots=True)
class Contexts:
    """Contexts by the recorded fact, so that each is made and digested once."""

    settings: PlatformContext
    _made: dict[bytes, Context] = field(default_factory=dict)

    def of(self, work: Work) -> Context | None:
        """Return the context of a pass; None while nobody has said what the cluster offers."""
        fact = work.facts.get(ORCHESTRATORS)
        if fact is None:
            return None
        if fact not in self._made:
            platform = self.settings.with_capabilities(decode_orchestrators(fact))
            self._made = {fact: Context(platform, digest([platform.digest, RENDERER_VERSION]))}
        return self._made[fact]


def inputs_of(entry: Entry, context_digest: str) -> Inputs:
    """Return what a rendering of a primary depends on."""
    metadata = metadata_digest(entry.labels, entry.annotations)
    return Inputs(entry.uid, entry.generation, metadata, context_digest, entry.epoch)
