"""Decides what a GET and a list answer: the present, a version of the past, one page of it, or a refusal.

Separate from watching, which goes on where this ends. Invariant: all pages of one list show the same version.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from dataclasses import dataclass

import orjson

from lab.apiserver.cluster import Cluster
from lab.apiserver.errors import ApiError, bad_request, expired, future_version, not_found
from lab.apiserver.registry.resources import Resource
from lab.apiserver.requests.options import ListOptions, read_version, watch_version
from lab.apiserver.requests.paths import Target
from lab.apiserver.requests.selectors import Selector
from lab.apiserver.storage.records import Record, record_key
from lab.apiserver.verbs.calls import Result
from lab.apiserver.views.conversion import body_of

_TOKEN_VERSION = "meta.k8s.io/v1"
_FUTURE_PATIENCE = 3.0
_POLL = 0.05
_INCONSISTENT = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


async def wait_for_version(cluster: Cluster, wanted: int) -> None:
    """Wait until the store has reached a version, for as long as the genuine server does."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _FUTURE_PATIENCE
    while cluster.store.version < wanted:
        if loop.time() >= deadline:
            raise future_version(wanted, cluster.store.version)
        await asyncio.sleep(_POLL)


async def get(cluster: Cluster, target: Target, version: str) -> Result:
    """Answer one object."""
    resource = target.resource
    wanted = watch_version(version)
    if wanted > cluster.store.version:
        await wait_for_version(cluster, wanted)
    record = cluster.collection(resource).get(record_key(target.namespace, target.name))
    if record is None:
        raise not_found(resource.plural, resource.group, target.name)
    return Result(200, body_of(record, resource), resource)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    resource: Resource
    records: list[Record]
    version: int
    token: str = ""
    remaining: int | None = None


async def list_page(cluster: Cluster, target: Target, options: ListOptions, selector: Selector) -> Page:
    """Return one page of the selected objects."""
    resource = target.resource
    version, start = _starting_point(cluster, options)
    if version > cluster.store.version:
        await wait_for_version(cluster, version)
    limit = 0 if options.version == "0" and not options.token else options.limit
    records, version = _records(cluster, target, options, version)
    if start:
        records = [record for record in records if _relative(record, target) >= start]
    selected = records if selector.is_empty else _selected(records, selector)
    if not limit or len(selected) < limit or records[-1] is selected[limit - 1]:
        return Page(resource, selected, version)
    # With a selector nobody knows how many more there are; the next page may be empty.
    last = _relative(selected[limit - 1], target)
    remaining = len(selected) - limit if selector.is_empty else None
    return Page(resource, selected[:limit], version, encode_token(version, f"{last}\0"), remaining)


def _selected(records: list[Record], selector: Selector) -> list[Record]:
    return [item for item in records if selector.matches(item.labels, item.fields, item.namespace, item.name)]


def _relative(record: Record, target: Target) -> str:
    return record.name if target.namespace else record.key


def _starting_point(cluster: Cluster, options: ListOptions) -> tuple[int, str]:
    if not options.token:
        return read_version(options.version), ""
    if options.version and options.version != "0":
        raise bad_request("specifying resource version is not allowed when using continue")
    version, start = decode_token(options.token)
    return (version if version > 0 else cluster.store.version), start


def _records(cluster: Cluster, target: Target, options: ListOptions, version: int) -> tuple[list[Record], int]:
    collection = cluster.collection(target.resource)
    newest = cluster.store.version
    if not options.token and options.match != "Exact":
        return collection.all(target.namespace), newest
    if version == newest:
        return collection.all(target.namespace), newest
    found = collection.at(version, target.namespace)
    if found is not None:
        return found, version
    if options.token:
        start = decode_token(options.token)[1]
        raise expired(_INCONSISTENT, continue_token=encode_token(-1, start))
    raise expired("The resourceVersion for the provided list is too old.")


def encode_token(version: int, start: str) -> str:
    """Return the continue token of the next page."""
    raw = orjson.dumps({"v": _TOKEN_VERSION, "rv": version, "start": start})
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_token(token: str) -> tuple[int, str]:
    """Return the version and the start that a continue token names."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError) as error:
        raise _bad_token(f"illegal base64 data: {error}") from error
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        first = raw[:1].decode("latin-1")
        shown = f"\\u{ord(first):04x}" if first and not first.isascii() else first
        raise _bad_token(f"invalid character '{shown}' looking for beginning of value") from error
    if not isinstance(content, dict) or content.get("v") != _TOKEN_VERSION:
        raise _bad_token(f"server does not recognize this encoded version {content.get('v', '')}")
    return int(content.get("rv", 0)), str(content.get("start", ""))


def _bad_token(why: str) -> ApiError:
    return bad_request(f"invalid continue token: continue key is not valid: {why}")
