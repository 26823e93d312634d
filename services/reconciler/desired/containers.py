"""The main container: the type's defaults, the user's container over them, then what the spec says elsewhere.

The order of the overlays is the contract (workloads 5.3); what each overlay holds is decided in its own module.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.reconciler.desired.backends.backend import Backend
from services.reconciler.desired.component import Component
from services.reconciler.desired.environments import environment, extended, variable
from services.reconciler.desired.merging import CONTAINER, merged
from services.reconciler.desired.ports import ports, reachable
from services.reconciler.desired.resources import resources
from services.reconciler.desired.volumes import Storage
from shared.api.platform import PlatformContext
from shared.core.json import Manifest, items

MAIN = "main"


def main_container(component: Component, backend: Backend, found: Storage, platform: PlatformContext) -> Manifest:
    """Return the main container of a component's pods; raise RenderError for a bad quantity."""
    given = component.main_container
    overlay = {key: value for key, value in given.items() if key not in ("env", "ports", "resources", "volumeMounts")}
    container = merged(_base(component), overlay, CONTAINER)
    container |= _spec_probes(component)
    parts: Manifest = {
        "ports": ports(component.type.port, items(given, "ports")),
        "env": extended(environment(component, platform), _cache(backend, found.cache)),
        "envFrom": _sources(component, given),
        "resources": resources(component.spec.resources, given),
        "volumeMounts": found.mounts,
    }
    return container | {key: value for key, value in parts.items() if value}


def _base(component: Component) -> Manifest:
    kind = component.type
    given = items(component.main_container, "ports")
    return {
        "name": MAIN,
        "command": list(kind.command),
        **({"args": list(kind.args)} if kind.args else {}),
        **{name: reachable(probe, kind.port, given) for name, probe in kind.probes().items()},
    }


def _spec_probes(component: Component) -> Manifest:
    probes = {"livenessProbe": component.spec.liveness_probe, "readinessProbe": component.spec.readiness_probe}
    return {name: probe for name, probe in probes.items() if probe is not None}


def _sources(component: Component, given: Mapping[str, object]) -> list[object]:
    secret = component.spec.env_from_secret
    return [*items(given, "envFrom"), *([{"secretRef": {"name": secret}}] if secret else [])]


def _cache(backend: Backend, path: str) -> list[Manifest]:
    """Tell the engine where its cache is (W-18)."""
    return [variable(backend.cache_variable, path)] if path and backend.cache_variable else []
