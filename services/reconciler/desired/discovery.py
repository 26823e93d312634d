"""Which discovery back end a graph or component uses: its annotation, else the platform's setting.

Only the two known values are accepted; anything else would give pods the variable of one back end without the
account and Services that it needs (W-14).
"""

from __future__ import annotations

from collections.abc import Mapping

from services.reconciler.desired.problems import RenderError
from shared.api.platform import DiscoveryBackend, PlatformContext
from shared.core import labels


def discovery_backend(annotations: Mapping[str, str], platform: PlatformContext) -> DiscoveryBackend:
    """Return the discovery back end; raise RenderError when the annotation names an unknown one."""
    chosen = annotations.get(labels.DISCOVERY_BACKEND)
    if chosen is None:
        return platform.discovery.backend
    try:
        return DiscoveryBackend(chosen)
    except ValueError as error:
        raise RenderError(
            f'annotation {labels.DISCOVERY_BACKEND}: unknown discovery backend "{chosen}"',
            code="UnknownDiscoveryBackend",
            remedy=f"set the annotation {labels.DISCOVERY_BACKEND} to kubernetes or etcd, or remove it",
        ) from error
