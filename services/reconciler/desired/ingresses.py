"""The ingress that a frontend gets when it brings none of its own.

It becomes part of the component's spec, also where nothing in the installation would serve it: a user sees there what
to switch on.
"""

from __future__ import annotations

from shared.api.platform import PlatformContext
from shared.core.json import Manifest


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
