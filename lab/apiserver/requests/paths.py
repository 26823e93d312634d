"""Decides which resource, object and subresource a URL path names.

Separate, so that the rules of the path (scope, the old `/watch/` prefix, plain-text 404) stand in one place.
Invariant: a Target always names a served resource, and a namespace only where the resource has one.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from lab.apiserver.errors import PageNotFoundError
from lab.apiserver.registry.catalog import Catalog
from lab.apiserver.registry.resources import Resource


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    is_watch_path: bool = False


def parse_target(raw_path: str, catalog: Catalog) -> Target:
    """Return what an `/api` or `/apis` path names; raises PageNotFoundError if nothing is served there."""
    parts = [unquote(part) for part in raw_path.strip("/").split("/")]
    if parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    else:
        if len(parts) < 4:
            raise PageNotFoundError
        group, version, rest = parts[1], parts[2], parts[3:]
    watching = rest[:1] == ["watch"]
    if watching:
        rest = rest[1:]
    if not rest or any(not part for part in rest):
        raise PageNotFoundError
    target = _namespaced(group, version, rest, catalog, watching) or _cluster(group, version, rest, catalog, watching)
    if target is None or not _is_routed(target):
        raise PageNotFoundError
    return target


def _is_routed(target: Target) -> bool:
    """Whether a path is known; custom resources answer for unknown subresources themselves."""
    resource = target.resource
    return resource.custom or not target.subresource or target.subresource in resource.subresources


def _namespaced(group: str, version: str, rest: list[str], catalog: Catalog, watching: bool) -> Target | None:
    if rest[0] != "namespaces" or len(rest) < 3:
        return None
    resource = catalog.find(group, version, rest[2])
    if resource is None or not resource.namespaced or len(rest) > 5:
        return None
    name, subresource = [*rest[3:], "", ""][:2]
    return Target(resource, rest[1], name, subresource, watching)


def _cluster(group: str, version: str, rest: list[str], catalog: Catalog, watching: bool) -> Target | None:
    resource = catalog.find(group, version, rest[0])
    if resource is None or len(rest) > 3 or (resource.namespaced and len(rest) > 1):
        return None
    name, subresource = [*rest[1:], "", ""][:2]
    return Target(resource, "", name, subresource, watching)
