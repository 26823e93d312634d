"""Ingresses: what leads from outside the cluster to a Service, and the one that a frontend gets by default.

The default becomes part of the component's spec, also where nothing in the installation would serve it: a user sees
there what to switch on. Takes plain values, since components and whole graphs have Ingresses of the same form.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.reconciler.desired.component_types.defaults import HTTP
from services.reconciler.desired.metadata import with_metadata
from shared.api.components import Ingress
from shared.api.platform import PlatformContext
from shared.core.json import Manifest
from shared.core.resources import INGRESSES

DEFAULT_SUFFIX = "local"


def default_ingress(graph: str, platform: PlatformContext) -> Manifest:
    """Return the ingress of a graph's frontend, with the installation's settings where there are any."""
    defaults, gateway = platform.ingress, platform.istio.gateway
    settings: Manifest = {
        "enabled": bool(gateway or defaults.class_name),
        "host": graph,
        "useVirtualService": bool(gateway),
        "virtualServiceGateway": gateway,
        "ingressControllerClassName": defaults.class_name,
        "hostSuffix": defaults.host_suffix,
        "tls": {"secretName": defaults.tls_secret_name} if defaults.tls_secret_name else None,
    }
    return {key: value for key, value in settings.items() if value}


def ingress(name: str, namespace: str, *, wanted: Ingress, own_labels: Mapping[str, str]) -> Manifest | None:
    """Return the Ingress in front of the Service of the same name, or None where no class would serve it.

    Labels and annotations that the user asks for are on it (W-40); the platform's own labels win.
    """
    if not wanted.enabled or not wanted.ingress_controller_class_name:
        return None
    reached_at = host(wanted)
    service = {"name": name, "port": {"number": HTTP.number}}
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": service}}
    spec: Manifest = {
        "ingressClassName": wanted.ingress_controller_class_name,
        "rules": [{"host": reached_at, "http": {"paths": [path]}}],
    }
    if wanted.tls is not None:
        secret = wanted.tls.secret_name
        spec["tls"] = [{"hosts": [reached_at], **({"secretName": secret} if secret else {})}]
    return {
        "apiVersion": INGRESSES.api_version,
        "kind": INGRESSES.kind,
        "metadata": with_metadata(name, namespace, {**(wanted.labels or {}), **own_labels}, wanted.annotations or {}),
        "spec": spec,
    }


def host(wanted: Ingress) -> str:
    """Return the host name at which something is reached; a suffix that is set counts even when it is empty."""
    suffix = DEFAULT_SUFFIX if wanted.host_suffix is None else wanted.host_suffix
    return f"{wanted.host_prefix or ''}{wanted.host}.{suffix}"
