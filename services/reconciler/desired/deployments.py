"""Deployments: how components run whose replicas fit on one node."""

from __future__ import annotations

from collections.abc import Mapping

from services.reconciler.desired.component import Component
from services.reconciler.desired.metadata import object_annotations, object_labels, pod_selector, with_metadata
from services.reconciler.desired.pods import pod_template
from shared.api.platform import PlatformContext
from shared.core.json import Manifest
from shared.core.resources import DEPLOYMENTS

STRATEGY = "nvidia.com/deployment-strategy"
MAX_SURGE = "nvidia.com/deployment-rolling-update-max-surge"
MAX_UNAVAILABLE = "nvidia.com/deployment-rolling-update-max-unavailable"
RECREATE = "Recreate"
DEFAULT_SHARE = "25%"


def deployment(component: Component, platform: PlatformContext) -> Manifest:
    """Return the Deployment that runs one single-node component; raise RenderError when its spec cannot be run."""
    annotations = object_annotations(component)
    spec: Manifest = {
        "selector": {"matchLabels": pod_selector(component)},
        "strategy": strategy(annotations),
        "template": pod_template(component, platform),
    }
    if component.spec.replicas is not None:
        spec["replicas"] = component.spec.replicas
    return {
        "apiVersion": DEPLOYMENTS.api_version,
        "kind": DEPLOYMENTS.kind,
        "metadata": with_metadata(component.name, component.namespace, object_labels(component), annotations),
        "spec": spec,
    }


def strategy(annotations: Mapping[str, str]) -> Manifest:
    """Return how pods are replaced; texts that name no strategy mean a rolling update."""
    if annotations.get(STRATEGY) == RECREATE:
        return {"type": RECREATE}
    return {
        "type": "RollingUpdate",
        "rollingUpdate": {
            "maxSurge": _share(annotations.get(MAX_SURGE, "")),
            "maxUnavailable": _share(annotations.get(MAX_UNAVAILABLE, "")),
        },
    }


def _share(text: str) -> int | str:
    """Return a whole number as a number and anything else, such as a percentage, as text."""
    digits = text.removeprefix("-").removeprefix("+")
    return int(text) if digits.isascii() and digits.isdigit() else text or DEFAULT_SHARE
