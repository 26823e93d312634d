"""Decides which paths answer a document about the server itself, and keeps them until the catalog changes.

Separate from objects, which are never cached here. Invariant: a page is made once for each revision of the catalog.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lab.apiserver.discovery.openapi import openapi_v2, openapi_v3, openapi_v3_paths
from lab.apiserver.discovery.resources import aggregated, group_document, group_list, resource_list
from lab.apiserver.documents import Document, dumps
from lab.apiserver.registry.catalog import Catalog
from lab.apiserver.requests.negotiation import JSON, accepts

VERSION: Final[Document] = {
    "major": "1",
    "minor": "36",
    "gitVersion": "v1.36.0+lab",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "gc",
    "platform": "linux/amd64",
}
_TEXT = "text/plain; charset=utf-8"
_DISCOVERY = "apidiscovery.k8s.io"
_HEALTH = ("healthz", "livez", "readyz")
# kubectl asks for this one, and takes no other, before it sends a `kind: List`. Said in it is the version alone: a kind
# that it does not describe is checked by the server, which describes all of them in the form that everybody reads.
_V2_ASKED = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
_V2_ANSWERED = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"  # the other sign cannot be in an answer
_V2_WITHOUT_SCHEMAS = b"\x0a\x032.0\x12\x15\x0a\x0aKubernetes\x12\x07v1.36.0"


@dataclass(frozen=True, slots=True)
class Page:
    """One finished answer."""

    body: bytes
    media: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


class Pages:
    """The documents of one server, made when first asked for."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._revision = -1
        self._made: dict[tuple[str, str], Page | None] = {}

    def find(self, path: str, headers: Mapping[str, str]) -> Page | None:
        """Return the page at a path; None where objects may be."""
        parts = [part for part in path.split("/") if part]
        if parts and parts[0] in ("api", "apis") and len(parts) > (2 if parts[0] == "api" else 3):
            return None
        form = _form(headers.get("Accept", ""), parts)
        if self._revision != self._catalog.revision:
            self._made.clear()
            self._revision = self._catalog.revision
        key = ("/".join(parts), form)
        if key not in self._made:
            if len(self._made) > 512:
                self._made.clear()
            self._made[key] = self._make(parts, form)
        return self._made[key]

    def _make(self, parts: list[str], form: str) -> Page | None:
        match parts:
            case [check, *_rest] if check in _HEALTH:
                return Page(b"ok", _TEXT, {"X-Content-Type-Options": "nosniff"})
            case ["version"]:
                return _json(VERSION)
            case ["api"] if form:
                return self._aggregated([""], form)
            case ["apis"] if form:
                return self._aggregated(self._catalog.group_names(), form)
            case ["api"]:
                return _json({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
            case ["apis"]:
                return _json(group_list(self._catalog))
            case ["api", version]:
                return _json(resource_list(self._catalog, "", version))
            case ["apis", group]:
                return _json(group_document(self._catalog, group))
            case ["apis", group, version]:
                return _json(resource_list(self._catalog, group, version))
            case ["openapi", "v2"] if form:
                return Page(_V2_WITHOUT_SCHEMAS, form)
            case ["openapi", *rest]:
                return self._openapi(rest)
            case _:
                return None

    def _aggregated(self, groups: list[str], release: str) -> Page:
        body = dumps(aggregated(self._catalog, groups, release))
        media = f"{JSON};g={_DISCOVERY};v={release};as=APIGroupDiscoveryList"
        return Page(body, media, {"ETag": f'"{hashlib.sha256(body).hexdigest()[:32].upper()}"', "Vary": "Accept"})

    def _openapi(self, parts: list[str]) -> Page | None:
        match parts:
            case ["v2"]:
                return _json(openapi_v2(self._catalog))
            case ["v3"]:
                return _json(openapi_v3_paths(self._catalog))
            case ["v3", "api", version]:
                return _json(openapi_v3(self._catalog, "", version))
            case ["v3", "apis", group, version]:
                return _json(openapi_v3(self._catalog, group, version))
            case _:
                return None


def _json(document: Document | None) -> Page | None:
    return None if document is None else Page(dumps(document))


def _form(accept: str, parts: list[str]) -> str:
    if parts == ["openapi", "v2"]:
        return _V2_ANSWERED if accept.strip().startswith(_V2_ASKED) else ""
    for release in ("v2", "v2beta1"):
        if accepts(accept, _DISCOVERY, release, "APIGroupDiscoveryList"):
            return release
    return ""
