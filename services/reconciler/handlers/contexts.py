"""The platform context of a pass: the installation's settings and the orchestrators that the cluster offers now."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.reconciler.desired.rendering import RENDERER_VERSION
from shared.api.platform import PlatformContext
from shared.applying.inventories import Inputs, metadata_digest
from shared.contracts.facts import ORCHESTRATORS, decode_orchestrators
from shared.core.json import digest
from shared.ports.passes import Entry, Work


@dataclass(slots=True)
class Contexts:
    """Contexts by the recorded fact, so that each is made and digested once."""

    settings: PlatformContext
    _made: dict[bytes, tuple[PlatformContext, str]] = field(default_factory=dict)

    def of(self, work: Work) -> tuple[PlatformContext, str] | None:
        """Return the context of a pass with its digest; None while nobody has said what the cluster offers."""
        fact = work.facts.get(ORCHESTRATORS)
        if fact is None:
            return None
        if fact not in self._made:
            context = self.settings.with_capabilities(decode_orchestrators(fact))
            self._made = {fact: (context, digest([context.digest, RENDERER_VERSION]))}
        return self._made[fact]


def inputs_of(entry: Entry, context_digest: str) -> Inputs:
    """Return what a rendering of a primary depends on."""
    metadata = metadata_digest(entry.labels, entry.annotations)
    return Inputs(entry.uid, entry.generation, metadata, context_digest, entry.epoch)
