"""Which tree of objects a graph becomes: components that run themselves, or one set of cliques (workloads 3.4).

Separate and free of the rest of the spec, so that a component can ask it about its graph too: during a switch both
trees exist, and they must agree on which one is to stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from shared.api.platform import Capability, PlatformContext
from shared.core import labels

OFF = "false"


class Mode(StrEnum):
    """How a graph is run."""

    COMPONENTS = "components"  # a DynamoComponentDeployment for each service
    GROVE = "grove"  # one PodCliqueSet


def mode_of(annotations: Mapping[str, str], platform: PlatformContext) -> Mode:
    """Return the mode of a graph with these annotations, whatever its services are."""
    return Mode.GROVE if platform.offers(Capability.GROVE) and not refuses_grove(annotations) else Mode.COMPONENTS


def refuses_grove(annotations: Mapping[str, str]) -> bool:
    """Return whether a graph with these annotations is to run without Grove even where it is installed."""
    return annotations.get(labels.ENABLE_GROVE, "").lower() == OFF
