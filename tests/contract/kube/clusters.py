"""The clusters that the contract is checked on, and the objects that the checks write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Protocol

from shared.core.json import Manifest
from shared.core.resources import CONFIG_MAPS, DEPLOYMENTS, Ref, Resource
from shared.ports.cluster import EVERYTHING, Cluster, Informer, Observation, Selection

PATIENCE = 10.0  # seconds until a check fails for good; nothing takes so long


class ClusterAndInformer(Cluster, Informer, Protocol):
    """Both ports in one object, whose followers a test can close."""

    def follow(
        self, resource: Resource, selection: Selection = EVERYTHING, *, resume_from: int | None = None
    ) -> AsyncGenerator[Observation, None]: ...


@dataclass(frozen=True, slots=True)
class UnderTest:
    """One cluster with a namespace of the test's own."""

    cluster: ClusterAndInformer
    namespace: str
    followers: AsyncExitStack  # closes what `follow` opened

    def follow(
        self, resource: Resource, *, resume_from: int | None = None, **selection: Any
    ) -> AsyncGenerator[Observation, None]:
        """Follow a resource in the test's namespace, until the test ends."""
        chosen = Selection(self.namespace, **selection)
        followed = self.cluster.follow(resource, chosen, resume_from=resume_from)
        self.followers.push_async_callback(followed.aclose)
        return followed

    def config_map(self, name: str = "settings", **data: str) -> Manifest:
        """Return a ConfigMap of the test's namespace."""
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": self.namespace},
            "data": data,
        }

    def deployment(self, name: str = "frontend", *, image: str = "frontend:1", replicas: int = 1) -> Manifest:
        """Return a small Deployment of the test's namespace."""
        labels = {"app": name}
        container = {"name": "main", "image": image, "env": [{"name": "ROLE", "value": "frontend"}]}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": self.namespace, "labels": dict(labels)},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": dict(labels)},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        }

    def ref_of_config_map(self, name: str = "settings") -> Ref:
        """Return the address of a ConfigMap of the test's namespace."""
        return Ref(CONFIG_MAPS, self.namespace, name)

    def ref_of_deployment(self, name: str = "frontend") -> Ref:
        """Return the address of a Deployment of the test's namespace."""
        return Ref(DEPLOYMENTS, self.namespace, name)


async def first(observations: AsyncIterator[Observation], is_wanted: Callable[[Observation], bool]) -> Observation:
    """Return the first observation that is wanted."""
    async with asyncio.timeout(PATIENCE):
        async for observation in observations:
            if is_wanted(observation):
                return observation
    raise AssertionError("the informer ended")
