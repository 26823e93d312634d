"""One watch: from a version until the server ends it.

Separate from the informer because it decides only what a line means; opening again is the informer's. Each event is
given with its version, so that the next watch resumes behind the last one that was given.
"""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Literal

from shared.core.errors import InvalidObjectError
from shared.core.json import mapping, text
from shared.core.objects import version_of
from shared.core.resources import Resource
from shared.kube import requests
from shared.kube.answers import decode, error_of_event
from shared.kube.lines import LineSplitter
from shared.kube.lists import named
from shared.kube.transport import Transport
from shared.ports.cluster import Bookmark, Observed, Selection

LIFETIME = (240, 480)  # seconds, from and to

_CHANGES: dict[str, Literal["added", "modified", "deleted"]] = {
    "ADDED": "added",
    "MODIFIED": "modified",
    "DELETED": "deleted",
}


async def watch(
    transport: Transport, resource: Resource, selection: Selection, *, version: int, silence: timedelta
) -> AsyncGenerator[tuple[int, Observed | Bookmark | None], None]:
    """Yield what happens behind a version until the connection ends; raise what the server reports.

    The first item, without an event, says that the server has accepted the watch.
    """
    # The server ends a watch after a while; different times keep many clients from coming back together.
    call = requests.watch(resource, selection, version=version, lifetime=random.randint(*LIFETIME))
    splitter = LineSplitter()
    async with transport.stream(call, silence=silence) as content:
        yield version, None
        async for chunk in content.iter_any():
            for line in splitter.feed(chunk):
                yield _event(str(call), resource, line)


def _event(request: str, resource: Resource, line: bytes) -> tuple[int, Observed | Bookmark]:
    event = decode(line)
    kind, manifest = text(event, "type"), dict(mapping(event, "object"))
    if kind == "ERROR":
        raise error_of_event(request, manifest)
    version = version_of(manifest)
    if kind == "BOOKMARK":
        return version, Bookmark(version)
    if kind not in _CHANGES:
        raise InvalidObjectError(f"{request}: an event of the unknown type {kind!r}")
    return version, Observed(_CHANGES[kind], named(resource, manifest))
