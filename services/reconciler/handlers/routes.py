"""Which graphs and components a change concerns: the objects themselves, their owners, and a pod's component."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from services.reconciler.desired.names import component_name
from shared.contracts.keys import Key
from shared.core import labels
from shared.core.resources import COMPONENTS, PODS, Ref
from shared.ports.passes import Entry, Queued, Router


def component_of_pod(namespace: str, pod_labels: Mapping[str, str]) -> Ref | None:
    """Return the component that a pod runs for, by its labels; a component without a graph labels its own name."""
    graph, service = pod_labels.get(labels.GRAPH_NAME, ""), pod_labels.get(labels.COMPONENT, "")
    if not graph:
        return None
    return Ref(COMPONENTS, namespace, component_name(graph, service) if service else graph)


# What a pod says only explains why its component is not ready yet, and its steps follow each other within moments.
SETTLING = timedelta(milliseconds=250)


@dataclass(frozen=True, slots=True)
class ReconcilerRouter:
    """Queue a pod's component, a moment later; everything else as the default router does."""

    default: Router

    def __call__(self, entry: Entry, *, copy_of: Key | None) -> Iterable[Queued]:
        """Return the primaries to queue."""
        if entry.ref.resource is not PODS:
            return self.default(entry, copy_of=copy_of)
        component = component_of_pod(entry.ref.namespace, entry.labels)
        return [Queued(component, "child", SETTLING)] if component is not None and copy_of is None else []
