"""Which registry secrets a pod needs: those of the registry that its main image comes from.

An image without a registry comes from Docker Hub, which answers to several names (W-19). The order of what is found
is that of the names, so that it does not depend on how the secrets were read.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.reconciler.desired.component import Component
from shared.core.json import items, text

DISABLE = "nvidia.com/disable-image-pull-secret-discovery"
DOCKER_HUB = "docker.io"
_DOCKER_HUB_NAMES = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io"})


def pull_secrets(component: Component) -> list[object]:
    """Return the pod's `imagePullSecrets`: the user's own, then discovered ones that are not among them."""
    given = items(component.pod_overlay, "imagePullSecrets")
    known = {text(entry, "name") for entry in given}
    return [*given, *({"name": name} for name in _discovered(component) if name not in known)]


def registry_host(image: str) -> str:
    """Return the registry that serves an image, in lower case, with its port; empty for an empty image."""
    if not image:
        return ""
    first, slash, _ = image.partition("/")
    has_host = "://" in image or (bool(slash) and ("." in first or ":" in first or first == "localhost"))
    return registry_of(image) if has_host else DOCKER_HUB


def registry_of(address: str) -> str:
    """Return the registry at an address such as the keys of a Docker configuration: the host alone, or a URL."""
    host = address.rpartition("://")[2].partition("/")[0].lower()
    return DOCKER_HUB if host in _DOCKER_HUB_NAMES else host


def _discovered(component: Component) -> list[str]:
    image = text(component.main_container, "image")
    if not image or component.annotations.get(DISABLE) == "true":
        return []
    by_host: Mapping[str, tuple[str, ...]] = component.surroundings.pull_secrets
    return sorted(set(by_host.get(registry_host(image), ())))
