"""Telling Grove how many replicas a service has, through the `scale` subresource of what it made (workloads 8.7).

Only what the view shows is scaled, and only where the number differs, so a pass at rest asks nothing. The answer is a
Scale and no object that the view could take in: until its event comes, what was sent is remembered here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.reconciler.desired.grove.scales import Scale
from shared.contracts.ownership import SCALES
from shared.core.errors import NotFoundError, PermanentError, PlatformError, TemporaryError
from shared.core.json import Manifest, member
from shared.core.objects import version_of
from shared.core.resources import Ref
from shared.ports.cluster import Cluster
from shared.ports.passes import Entry, Work

CANNOT_SCALE = "failed to reconcile Grove scaling"


@dataclass(frozen=True, slots=True)
class _Sent:
    """A number that was answered, and the version that the object has had since."""

    uid: str
    version: int
    replicas: int


@dataclass(slots=True)
class Scaler:
    """Scale PodCliques and PodCliqueScalingGroups to what their graph asks for."""

    cluster: Cluster
    _sent: dict[Ref, dict[Ref, _Sent]] = field(default_factory=dict)  # by graph

    async def bring_about(self, work: Work, scales: Sequence[Scale]) -> PlatformError | None:
        """Scale what differs; return the first error, in the reference's words where the API server refuses.

        A service without a number of its own is left to autoscalers; what Grove has not made yet comes with an event.
        """
        errors: list[PlatformError] = []
        sent = self._sent.setdefault(work.primary, {})
        for scale in scales:
            entry = work.view.get(scale.ref)
            if entry is None or entry.is_deleting or scale.replicas is None or _is_at(entry, scale.replicas, sent):
                continue
            work.fence.check()
            try:
                sent[scale.ref] = await self._scale(entry, scale.replicas)
            except NotFoundError:
                continue  # gone again
            except (PermanentError, TemporaryError) as error:
                errors.append(error)
        return errors[0] if errors else None

    def forget(self, graph: Ref) -> None:
        """Forget what was sent for a graph that is gone."""
        self._sent.pop(graph, None)

    async def _scale(self, entry: Entry, replicas: int) -> _Sent:
        ref = entry.ref
        try:
            answer = await self.cluster.patch(ref, _operations(entry, replicas), manager=SCALES, subresource="scale")
        except PermanentError as error:
            kind, plural = ref.resource.kind, ref.resource.plural
            raise PermanentError(
                f"{CANNOT_SCALE}: failed to scale {kind} {ref.name}: failed to update scale for {plural} {ref.name}: "
                f"{error}"
            ) from error
        return _Sent(entry.uid, version_of(answer), replicas)


def _is_at(entry: Entry, replicas: int, sent: dict[Ref, _Sent]) -> bool:
    """Return whether an object has a number of replicas, or will have as soon as an event that is on its way."""
    last = sent.get(entry.ref)
    if last is not None and last.uid == entry.uid and last.version > entry.version:
        return last.replicas == replicas
    sent.pop(entry.ref, None)
    return member(entry.summary, "spec", "replicas") == replicas


def _operations(entry: Entry, replicas: int) -> list[Manifest]:
    """Return the JSON patch of a Scale; a conflict means that somebody scaled since, and their event is on its way.

    A Scale leaves its number out where that is 0, so the guard is then the object's version.
    """
    before = member(entry.summary, "spec", "replicas")
    guard: Manifest = {"op": "test", "path": "/spec/replicas", "value": before}
    if not before:
        guard = {"op": "test", "path": "/metadata/resourceVersion", "value": str(entry.version)}
    return [
        {"op": "test", "path": "/metadata/uid", "value": entry.uid},
        guard,
        {"op": "add", "path": "/spec/replicas", "value": replicas},
    ]
