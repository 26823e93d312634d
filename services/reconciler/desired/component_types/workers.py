"""Workers, prefill and decode: they run an inference engine and load a model, which may take two hours."""

from __future__ import annotations

from services.reconciler.desired.component_types.defaults import SYSTEM, ComponentType, http_get
from shared.core.json import Manifest


def probes() -> Manifest:
    """Return the default probes; liveness may be strict because the startup probe covers loading."""
    return {
        "livenessProbe": http_get("/live", SYSTEM, periodSeconds=5, timeoutSeconds=4, failureThreshold=1),
        "readinessProbe": http_get("/health", SYSTEM, periodSeconds=10, timeoutSeconds=4, failureThreshold=3),
        "startupProbe": http_get("/live", SYSTEM, periodSeconds=10, timeoutSeconds=5, failureThreshold=720),
    }


WORKER = ComponentType(
    port=SYSTEM,
    variables=(
        ("DYN_SYSTEM_ENABLED", "true"),
        ("DYN_SYSTEM_PORT", str(SYSTEM.number)),
        ("DYN_SYSTEM_USE_ENDPOINT_HEALTH_STATUS", '["generate"]'),
        ("DYN_HEALTH_CHECK_ENABLED", "false"),
    ),
    probes=probes,
    runs_backend=True,
)
