"""Decides when a resource is listed and from where its watch goes on.

Separate from the cache, which decides what is news. Invariants: a watch that ended in order resumes from the last
version seen, anything else ("too old", a broken connection) leads to a new list; a watch that ends at once is asked
again with growing, jittered pauses, never in a spin.
"""

import asyncio
import random
from collections.abc import Callable

from lab.simulator.client.api import Api
from lab.simulator.client.caches import Cache, version_of
from lab.simulator.client.errors import ApiError, RequestError, UnreachableError
from lab.simulator.client.resources import Document, Resource
from lab.simulator.logs import log

WATCH_SECONDS = 3000
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 10.0
HEALTHY_AFTER = 5.0


def whole(document: Document) -> Document:
    """Keep an object as it is."""
    return document


class Informer:
    """Keeps one cache equal to one resource."""

    def __init__(
        self, api: Api, resource: Resource, cache: Cache, *, project: Callable[[Document], Document] = whole
    ) -> None:
        self._api = api
        self._resource = resource
        self._cache = cache
        self._project = project
        self._version: str | None = None
        self._pause = FIRST_PAUSE
        self.synced = asyncio.Event()

    async def run(self) -> None:
        """List, then watch, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                if self._version is None:
                    await self._list()
                await self._watch(self._version or "")
            except ApiError as error:
                self._version = None
                level = log.info if error.is_expired else log.warning
                level("listing again resource=%s status=%d message=%s", self._resource.plural, error.status, error)
            except RequestError as error:
                self._version = None  # a server that was made anew is deaf to versions it has not reached yet
                log.info("watch broken off resource=%s error=%s", self._resource.plural, error)
            if loop.time() - began > HEALTHY_AFTER:
                self._pause = FIRST_PAUSE
            await asyncio.sleep(self._pause * random.uniform(0.5, 1.5))
            self._pause = min(self._pause * 2, LONGEST_PAUSE)

    async def _list(self) -> None:
        items, version = await self._api.list(self._resource)
        newest_known = max((version_of(document) for document in self._cache), default=0)
        if version.isdigit() and int(version) < newest_known:
            self._cache.clear_history()  # a restored or restarted server: what is kept here must not win
        self._cache.replace((self._project(item) for item in items), int(version) if version.isdigit() else 0)
        self._version = version
        self.synced.set()

    async def _watch(self, version: str) -> None:
        seconds = WATCH_SECONDS + random.randrange(WATCH_SECONDS // 5)
        async for kind, document in self._api.watch(self._resource, version, seconds=seconds):
            if kind == "ERROR":
                raise ApiError(
                    int(document.get("code", 500)), str(document.get("reason", "")), str(document.get("message", ""))
                )
            self._take(kind, document)
            self._version = str(document["metadata"]["resourceVersion"])

    def _take(self, kind: str, document: Document) -> None:
        match kind:
            case "ADDED" | "MODIFIED":
                self._cache.observe(self._project(document))
            case "DELETED":
                self._cache.remove(document)
            case "BOOKMARK":
                pass
            case other:
                raise UnreachableError(f"the watch sent an unknown event {other!r}")
