"""Runs one reconcile function over a queue of keys.

Invariant: whatever a request answers, the key comes to rest or is tried again; an object that makes no sense is named
in the log and left alone until it changes, so that it stops no other.
"""

import asyncio
from collections.abc import Awaitable, Callable

from lab.simulator.client.caches import Key
from lab.simulator.client.errors import ApiError, RequestError
from lab.simulator.logs import log
from lab.simulator.work.queues import WorkQueue

Reconcile = Callable[[Key], Awaitable[float | None]]


class Controller:
    """A queue and the function that brings one key to rest; the function returns when to look again, if at all."""

    def __init__(self, name: str, reconcile: Reconcile, *, workers: int = 8) -> None:
        self.queue: WorkQueue = WorkQueue()
        self._name = name
        self._reconcile = reconcile
        self._workers = workers

    async def run(self) -> None:
        """Work for ever."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            key = await self.queue.take()
            try:
                again = await self._reconcile(key)
            except ApiError as error:
                level = log.debug if error.is_conflict or error.is_not_found else log.warning
                level("trying again controller=%s key=%s status=%d message=%s", self._name, key, error.status, error)
                self.queue.retry(key)
            except RequestError as error:
                log.info("trying again controller=%s key=%s error=%s", self._name, key, error)
                self.queue.retry(key)
            except (LookupError, TypeError, ValueError):
                log.exception("left alone until it changes controller=%s key=%s", self._name, key)
            else:
                self.queue.succeeded(key)
                if again is not None:
                    self.queue.add_after(key, again)
            finally:
                self.queue.done(key)
