"""Istio VirtualServices: what leads from a gateway of the mesh to a Service.

The settings of the service decide, whether or not the installation has a gateway of its own (W-38). That the cluster
serves the kind at all is the caller's question.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.reconciler.desired.component_types.defaults import HTTP
from services.reconciler.desired.ingresses import host
from services.reconciler.desired.metadata import with_metadata
from shared.api.components import Ingress
from shared.core.json import Manifest
from shared.core.resources import VIRTUAL_SERVICES


def wants_virtual_service(wanted: Ingress) -> bool:
    """Return whether a spec asks for a VirtualService and names the gateway that it needs."""
    return wanted.enabled and wanted.use_virtual_service and bool(wanted.virtual_service_gateway)


def virtual_service(name: str, namespace: str, *, wanted: Ingress, own_labels: Mapping[str, str]) -> Manifest | None:
    """Return the VirtualService in front of the Service of the same name, or None where the spec asks for none."""
    if not wants_virtual_service(wanted):
        return None
    destination = {"host": name, "port": {"number": HTTP.number}}
    return {
        "apiVersion": VIRTUAL_SERVICES.api_version,
        "kind": VIRTUAL_SERVICES.kind,
        "metadata": with_metadata(name, namespace, {**(wanted.labels or {}), **own_labels}, wanted.annotations or {}),
        "spec": {
            "hosts": [host(wanted)],
            "gateways": [wanted.virtual_service_gateway],
            "http": [{"match": [{"uri": {"prefix": "/"}}], "route": [{"destination": destination}]}],
        },
    }
