"""Which groups and resources a server offers: aggregated discovery, or one question per group where it is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shared.core.errors import NotFoundError
from shared.core.json import items, text
from shared.kube.answers import decode
from shared.kube.transport import JSON, Call, Transport

_AGGREGATED = f"application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,{JSON}"

Found = dict[str, set[str]]


async def served_groups(transport: Transport) -> dict[str, frozenset[str]]:
    """Return the API groups of a server, each with its plural resources at any version."""
    found: Found = {}
    for root in ("/api", "/apis"):
        document = await _ask(transport, root, accept=_AGGREGATED)
        if text(document, "kind") == "APIGroupDiscoveryList":
            _take_aggregated(document, found)
        else:
            for path, group in _versions(root, document):
                await _take_version(transport, path, group, found)
    return {group: frozenset(plurals) for group, plurals in found.items()}


def _take_aggregated(document: object, found: Found) -> None:
    for group in items(document, "items"):
        plurals = found.setdefault(text(group, "metadata", "name"), set())
        for version in items(group, "versions"):
            plurals.update(text(resource, "resource") for resource in items(version, "resources"))


def _versions(root: str, document: object) -> Iterator[tuple[str, str]]:
    if root == "/api":
        yield from ((f"/api/{version}", "") for version in items(document, "versions"))
    for group in items(document, "groups"):
        for version in items(group, "versions"):
            yield f"/apis/{text(version, 'groupVersion')}", text(group, "name")


async def _take_version(transport: Transport, path: str, group: str, found: Found) -> None:
    try:
        document = await _ask(transport, path)
    except NotFoundError:
        return  # went away since the groups were listed
    found.setdefault(group, set()).update(_plain(text(item, "name") for item in items(document, "resources")))


def _plain(names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if "/" not in name)


async def _ask(transport: Transport, path: str, *, accept: str = JSON) -> object:
    return decode(await transport.send(Call("get", "discovery", "GET", path, accept=accept)))
