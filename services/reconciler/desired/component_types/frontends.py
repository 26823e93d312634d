"""Frontends: the HTTP entrance of a graph."""

from __future__ import annotations

from services.reconciler.desired.component_types.defaults import HTTP, ComponentType, http_get
from shared.core.json import Manifest


def probes() -> Manifest:
    """Return the default probes; a frontend is up quickly and needs no startup probe."""
    return {
        "livenessProbe": http_get(
            "/live", HTTP, initialDelaySeconds=15, periodSeconds=10, timeoutSeconds=1, failureThreshold=3
        ),
        "readinessProbe": http_get(
            "/health", HTTP, initialDelaySeconds=10, periodSeconds=10, timeoutSeconds=3, failureThreshold=3
        ),
    }


FRONTEND = ComponentType(
    command=("python3",),
    args=("-m", "dynamo.frontend"),
    port=HTTP,
    variables=(("DYNAMO_PORT", str(HTTP.number)), ("DYN_HTTP_PORT", str(HTTP.number))),
    probes=probes,
    is_frontend=True,
)
