"""What the ValidatingWebhookConfiguration has to say about us, and the patch that makes it say so.

Entries are found by name, never by position, and each is tested again by the patch: somebody may add, remove or
reorder entries at any time. An entry that says the right thing already is not written.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64Error
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.webhook.reviews.kinds import ReviewedKind
from shared.core.json import Manifest, items, mapping, text

Operation = dict[str, object]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the API server finds us: an URL for a process outside the cluster, else a Service."""

    service: str
    namespace: str
    url: str = ""


def registration(
    configuration: Manifest, kinds: Sequence[ReviewedKind], *, endpoint: Endpoint, bundle: bytes
) -> list[Operation]:
    """Return the patch that registers endpoint and bundle for our kinds; empty when nothing differs."""
    operations: list[Operation] = []
    for index, kind, entry in _entries(configuration, kinds):
        wanted = _client_config(entry, kind, endpoint, bundle)
        if entry.get("clientConfig") != wanted:
            operations += [
                {"op": "test", "path": f"/webhooks/{index}/name", "value": kind.webhook},
                {"op": "add", "path": f"/webhooks/{index}/clientConfig", "value": wanted},
            ]
    return operations


def unregistered(configuration: Manifest, kinds: Sequence[ReviewedKind]) -> tuple[str, ...]:
    """Return the names of our webhooks that the configuration has no entry for."""
    found = {kind.webhook for _, kind, _ in _entries(configuration, kinds)}
    return tuple(sorted({kind.webhook for kind in kinds} - found))


def trusted_bundle(configuration: Manifest, kinds: Sequence[ReviewedKind]) -> bytes:
    """Return the bundle that the API server uses for all our entries; nothing while they differ."""
    bundles = {text(entry, "clientConfig", "caBundle") for _, _, entry in _entries(configuration, kinds)}
    if len(bundles) != 1:
        return b""
    try:
        return b64decode(bundles.pop(), validate=True)
    except NotBase64Error:
        return b""


def _entries(
    configuration: Manifest, kinds: Sequence[ReviewedKind]
) -> Iterator[tuple[int, ReviewedKind, dict[str, object]]]:
    by_name = {kind.webhook: kind for kind in kinds}
    for index, entry in enumerate(items(configuration, "webhooks")):
        kind = by_name.get(text(entry, "name"))
        if kind is not None:
            yield index, kind, dict(mapping(entry))


def _client_config(
    entry: dict[str, object], kind: ReviewedKind, endpoint: Endpoint, bundle: bytes
) -> dict[str, object]:
    trust = {"caBundle": b64encode(bundle).decode()}
    if endpoint.url:
        return {"url": f"{endpoint.url}{kind.path}", **trust}
    stated = dict(mapping(entry, "clientConfig", "service"))
    default = {"name": endpoint.service, "namespace": endpoint.namespace, "port": 443, "path": kind.path}
    return {"service": stated or default, **trust}
