"""A queue in which an entry stands once, however often it is added before its turn.

Separate, because every controller of this process works from one. Invariant: what was added while an entry is worked
on is worked on again.
"""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

Item = TypeVar("Item")


class WorkQueue(Generic[Item]):
    """Entries in the order in which they were first added."""

    def __init__(self) -> None:
        self._items: dict[Item, None] = {}
        self._added = asyncio.Event()

    def add(self, item: Item) -> None:
        """Add an entry, unless it waits already."""
        self._items[item] = None
        self._added.set()

    def drain(self) -> list[Item]:
        """Take everything that waits now."""
        items, self._items = list(self._items), {}
        return items

    async def next(self) -> Item:
        """Take the first entry, waiting for one."""
        while not self._items:
            self._added.clear()
            await self._added.wait()
        item = next(iter(self._items))
        del self._items[item]
        return item
