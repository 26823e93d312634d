"""What a pass depends on besides its primary: the installation's settings, what the cluster offers, what is around.

One value for graphs and components, so that both render from the same. Its digest is part of the inputs that an
inventory records, and holds only what concerns the primary: a queue of another graph or a secret of another namespace
changes nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from services.reconciler.desired.component import NOTHING, Surroundings
from services.reconciler.desired.grove.choice import Mode, mode_of
from services.reconciler.desired.grove.queues import queue_of
from services.reconciler.desired.rendering import RENDERER_VERSION
from services.reconciler.desired.ssh_secrets import spans_nodes
from services.reconciler.handlers.surroundings import Neighbourhoods
from services.reconciler.status.obstacles import Obstacle, unread
from shared.api.platform import PlatformContext
from shared.applying.inventories import Inputs, metadata_digest
from shared.contracts.facts import ORCHESTRATORS, QUEUES, SSH_SOURCE, decode_orchestrators, decode_queues
from shared.core.json import digest
from shared.core.resources import GRAPHS
from shared.ports.passes import Entry, Work


@dataclass(frozen=True, slots=True)
class Context:
    """What the rendering of one primary depends on besides the primary."""

    platform: PlatformContext
    digest: str
    surroundings: Surroundings = NOTHING


NO_ORCHESTRATORS = unread("which orchestrators the cluster offers", by="discovery")
NO_QUEUES = unread("which queues the KAI scheduler has", by="discovery")
NO_SURROUNDINGS = unread("which pull secrets and accounts the namespaces have", by="reconciler")


@dataclass(slots=True)
class Contexts:
    """Contexts by the recorded facts: what all primaries share is made and digested once."""

    settings: PlatformContext
    _platforms: dict[bytes, tuple[PlatformContext, str]] = field(default_factory=dict)
    _neighbourhoods: Neighbourhoods = field(default_factory=Neighbourhoods)

    def of(self, work: Work) -> Context | Obstacle:
        """Return the context of a pass, or what nobody has looked at yet."""
        offered = work.facts.get(ORCHESTRATORS)
        if offered is None:
            return NO_ORCHESTRATORS
        around = self._neighbourhoods.of(work.facts, work.primary.namespace)
        if around is None:
            return NO_SURROUNDINGS
        platform, platform_digest = self._platform(offered)
        keys = work.facts.get(SSH_SOURCE, b"") if _spans_nodes(work) else b""
        whole = digest([platform_digest, around.digest, keys.decode()])
        return self._with_queue(Context(platform, whole, around.surroundings), work)

    def _with_queue(self, context: Context, work: Work) -> Context | Obstacle:
        """Add whether the queue exists that a graph names; nothing else waits for what is said of queues (W-44)."""
        entry = work.view.get(work.primary)
        if entry is None or work.primary.resource is not GRAPHS:
            return context
        is_grove = mode_of(entry.annotations, context.platform) is Mode.GROVE
        queue = queue_of(entry.annotations, context.platform) if is_grove else ""
        if not queue:
            return context
        if QUEUES not in work.facts:
            return NO_QUEUES
        queues = decode_queues(work.facts[QUEUES])
        surroundings = replace(context.surroundings, queues=queues)
        return Context(context.platform, digest([context.digest, queue, queue in queues]), surroundings)

    def _platform(self, offered: bytes) -> tuple[PlatformContext, str]:
        if offered not in self._platforms:
            platform = self.settings.with_capabilities(decode_orchestrators(offered))
            self._platforms = {offered: (platform, digest([platform.digest, RENDERER_VERSION]))}
        return self._platforms[offered]


def _spans_nodes(work: Work) -> bool:
    """Return whether the keys with which nodes start each other may concern a primary."""
    entry = work.view.get(work.primary)
    return entry is not None and spans_nodes(entry.summary)


def inputs_of(entry: Entry, context_digest: str) -> Inputs:
    """Return what a rendering of a primary depends on."""
    metadata = metadata_digest(entry.labels, entry.annotations)
    return Inputs(entry.uid, entry.generation, metadata, context_digest, entry.epoch)
