"""Decides what is served right now.

Separate, because definitions change it while requests run. Invariant: `revision` grows with every change, so
documents derived from the catalog (discovery, OpenAPI) know when they are stale.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lab.apiserver.registry.resources import Resource

_KUBE_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")
_GROUP_ORDER = (
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
)


def version_priority(version: str) -> tuple[int, int, int, str]:
    """Return the sort key by which the preferred version of a group comes first."""
    match = _KUBE_VERSION.fullmatch(version)
    if match is None:
        return (3, 0, 0, version)
    stability = {None: 0, "beta": 1, "alpha": 2}[match[2]]
    return (stability, -int(match[1]), -int(match[3] or 0), version)


class Catalog:
    """Every served resource, found by path and by kind."""

    def __init__(self) -> None:
        self.revision = 0
        self._by_path: dict[tuple[str, str, str], Resource] = {}
        self._by_kind: dict[tuple[str, str, str], Resource] = {}

    def add(self, resources: Iterable[Resource]) -> None:
        """Serve resources; what is served under the same path is replaced."""
        for resource in resources:
            self._by_path[(resource.group, resource.version, resource.plural)] = resource
            self._by_kind[(resource.group, resource.version, resource.kind)] = resource
        self.revision += 1

    def remove(self, group: str, plural: str) -> None:
        """Serve a resource no longer, in any version."""
        for key in [key for key in self._by_path if key[0] == group and key[2] == plural]:
            resource = self._by_path.pop(key)
            self._by_kind.pop((group, key[1], resource.kind), None)
        self.revision += 1

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """Return the resource at a path."""
        return self._by_path.get((group, version, plural))

    def of_kind(self, group: str, version: str, kind: str) -> Resource | None:
        """Return the resource that serves a kind."""
        return self._by_kind.get((group, version, kind))

    def stored(self, group: str, plural: str) -> Resource | None:
        """Return a resource in its storage version, or in any if that one is not served."""
        versions = [item for item in self._by_path.values() if item.group == group and item.plural == plural]
        return next((item for item in versions if item.is_stored_form), versions[0] if versions else None)

    def resources(self, group: str, version: str) -> list[Resource]:
        """Return the resources of one group version."""
        return [item for item in self._by_path.values() if item.group == group and item.version == version]

    def group_names(self) -> list[str]:
        """Return the named groups: the built-in ones in their usual order, then the others."""
        names = {group for group, _, _ in self._by_path if group}
        known = [name for name in _GROUP_ORDER if name in names]
        return known + sorted(names - set(known))

    def versions(self, group: str) -> list[str]:
        """Return the versions of a group, the preferred first."""
        return sorted({version for name, version, _ in self._by_path if name == group}, key=version_priority)
