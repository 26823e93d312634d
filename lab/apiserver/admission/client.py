"""Decides what a webhook is sent, and what its answer means; everything that is not an answer is a failed call.

Separate from who is asked when. Invariant: a call ends within the webhook's own time limit.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ssl
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import aiohttp

from lab.apiserver.admission.configurations import Webhook
from lab.apiserver.admission.reviews import Review
from lab.apiserver.documents import Document, dumps, loads, new_uid
from lab.apiserver.patches.json_patch import PatchError
from lab.apiserver.requests.bodies import decode_yaml

_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json, */*",
    "User-Agent": "kube-apiserver-admission",
}
_VERSIONS = ("admission.k8s.io/v1",)


class CallError(Exception):
    """A webhook could not be asked, or its answer is none."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a webhook answered."""

    allowed: bool
    status: Document = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    patch: list[Document] | None = None


@lru_cache(maxsize=64)
def _context(ca_bundle: str) -> ssl.SSLContext:
    if not ca_bundle:
        return ssl.create_default_context()
    return ssl.create_default_context(cadata=base64.b64decode(ca_bundle).decode())


def request_of(review: Review, version: str) -> Document:
    """Return the request part of an AdmissionReview, in the version that the webhook wants."""
    resource = review.resource
    own = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    if review.subresource == "scale":
        own = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    shown = own if review.subresource == "scale" else {**own, "version": version}
    request: Document = {
        "uid": new_uid(),
        "kind": shown,
        "resource": {"group": resource.group, "version": version, "resource": resource.plural},
        "requestKind": own,
        "requestResource": {"group": resource.group, "version": resource.version, "resource": resource.plural},
        "operation": review.operation,
        "userInfo": {"username": review.caller.name, "groups": list(review.caller.groups)},
        "object": _in_version(review, review.object, version),
        "oldObject": _in_version(review, review.old_object, version),
        "dryRun": review.dry_run,
        "options": review.options,
    }
    if review.subresource:
        request |= {"subResource": review.subresource, "requestSubResource": review.subresource}
    if review.name:
        request["name"] = review.name
    if review.namespace:
        request["namespace"] = review.namespace
    return request


def _in_version(review: Review, document: Document | None, version: str) -> Document | None:
    if document is None or version == review.resource.version or review.subresource == "scale":
        return document
    group = review.resource.group
    return {**document, "apiVersion": f"{group}/{version}" if group else version}


class WebhookClient:
    """Calls webhooks over one session."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def call(self, webhook: Webhook, request: Document, *, mutating: bool) -> Verdict:
        """Ask one webhook."""
        review = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}
        body = await self._post(webhook, dumps(review))
        return _verdict(_parsed(body), request["uid"], mutating=mutating)

    async def _post(self, webhook: Webhook, body: bytes) -> bytes:
        if not webhook.url:
            raise CallError(f'failed to call webhook: service "{webhook.service}" not found')
        if self._session is None:
            self._session = aiohttp.ClientSession(trust_env=False, headers=_HEADERS)
        url = f"{webhook.url}?timeout={webhook.timeout}s"
        try:
            async with (
                asyncio.timeout(webhook.timeout),
                self._session.post(url, data=body, ssl=_context(webhook.ca_bundle)) as response,
            ):
                content = await response.read()
                if response.status >= 400:
                    raise CallError(
                        'failed to call webhook: an error on the server ("unknown") has prevented the request from '
                        "succeeding"
                    )
                return content
        except (aiohttp.ClientError, TimeoutError, ssl.SSLError, ValueError) as error:
            raise CallError(f'failed to call webhook: Post "{url}": {_go_words(error)}') from error


def _go_words(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "context deadline exceeded"
        case aiohttp.ClientConnectorCertificateError():
            return "tls: failed to verify certificate: x509: certificate signed by unknown authority"
        case aiohttp.ClientConnectorError():
            reason = "connection refused" if isinstance(error.os_error, ConnectionRefusedError) else str(error.os_error)
            return f"dial tcp {error.host}:{error.port}: connect: {reason}"
        case _:
            return str(error)


def _parsed(body: bytes) -> Any:
    try:
        document, _duplicates = decode_yaml(body)
    except ValueError as error:
        raise CallError(f"failed to call webhook: couldn't get version/kind; json parse error: {error}") from error
    return document


_GO_TYPE = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'


def _verdict(review: Any, uid: str, *, mutating: bool) -> Verdict:
    if not isinstance(review, dict):
        found = "string" if isinstance(review, str) else "array"
        raise CallError(
            "failed to call webhook: couldn't get version/kind; json parse error: json: cannot unmarshal "
            f"{found} into Go value of type {_GO_TYPE}"
        )
    version = review.get("apiVersion", "")
    if version not in _VERSIONS:
        short = version.rpartition("/")[2]
        raise CallError(
            f"failed to call webhook: converting ({short}.AdmissionReview) to (v1.AdmissionReview): unknown conversion"
        )
    response = review.get("response")
    if not response:
        raise CallError("received invalid webhook response: webhook response was absent")
    if response.get("uid") != uid:
        found = response.get("uid", "")
        raise CallError(f'received invalid webhook response: expected response.uid="{uid}", got "{found}"')
    return Verdict(
        allowed=bool(response.get("allowed")),
        status=response.get("status") or {},
        warnings=tuple(response.get("warnings") or ()),
        patch=_patch(response) if mutating else None,
    )


def _patch(response: Document) -> list[Document] | None:
    encoded = response.get("patch")
    if not encoded:
        return None
    if not response.get("patchType"):
        raise CallError("received invalid webhook response: webhook returned response.patch but not response.patchType")
    try:
        operations: list[Document] = loads(base64.b64decode(encoded))
    except (binascii.Error, ValueError) as error:
        raise CallError(f"received invalid webhook response: {error}") from error
    return operations


def patch_failure(operations: list[Document], error: PatchError) -> str:
    """Return what the genuine server says of a webhook's patch that cannot be applied."""
    for operation in operations:
        if operation.get("op") == "remove" and "nonexistent" in str(error):
            name = operation["path"].rpartition("/")[2]
            where = f"error in remove for path: '{operation['path']}'"
            return f"{where}: Unable to remove nonexistent key: {name}: missing value"
    return str(error)
