"""Writes the status of the objects of one resource: only what differs, and not what will be overtaken in a moment.

Separate from the controllers, which all need it. Invariant: a status that says what it should costs no request.
"""

from lab.simulator.client.api import Api
from lab.simulator.client.caches import Cache, Key
from lab.simulator.client.resources import Document, Resource
from lab.simulator.objects import differs
from lab.simulator.work.settling import Settling


class StatusWriter:
    """Writes statuses of one resource."""

    def __init__(
        self, api: Api, resource: Resource, cache: Cache, *, settle: float, subresource: str | None = "status"
    ) -> None:
        self._api = api
        self._resource = resource
        self._cache = cache
        self._settling = Settling(settle)
        self._subresource = subresource

    def forget(self, key: Key) -> None:
        """Say that an object is gone."""
        self._settling.forget(key)

    async def write(self, key: Key, document: Document, status: Document, *, is_final: bool) -> float | None:
        """Write `status`, or return when to come again; what is final does not wait."""
        if not differs(status, document.get("status") or {}, status):
            self._settling.forget(key)
            return None
        remaining = self._settling.remaining(key)
        if remaining > 0 and not is_final:
            return remaining
        self._settling.forget(key)
        answer = await self._api.patch(self._resource, document, {"status": status}, subresource=self._subresource)
        self._cache.observe(answer)
        return None
