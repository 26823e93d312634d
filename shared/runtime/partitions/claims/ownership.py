"""Ownership: hold a lease, know the other replicas, take and hand over claims, run what is owned.

One term is the life of one lease. Whatever makes the lease doubtful ends writing at once (the fences see to that);
whatever ends it ends the term with everything that ran in it, and a new term claims again. The invariant: a unit
runs here only while this replica created the claim that stands in the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from shared.core.errors import LeaseLostError, TemporaryError
from shared.runtime.partitions.claims.replicas import Replica
from shared.runtime.partitions.claims.terms import Term
from shared.runtime.partitions.claims.units import BEING_CLAIMED, Own

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

REJOIN_SPREAD = timedelta(seconds=1)  # after an outage not every replica asks in the same instant


def _nothing() -> None:
    """Do nothing on a change."""


async def _no_agreement() -> None:
    """Agree on nothing."""


@dataclass(slots=True)
class Ownership:
    """Own units of one service together with its other replicas."""

    replica: Replica
    on_change: Callable[[], None] = _nothing
    agree: Callable[[], Awaitable[None]] = _no_agreement  # with all replicas, on a store that may be a new one
    _term: Term | None = None
    _was_told: bool = False

    @property
    def held(self) -> frozenset[str]:
        """Return the units that run here."""
        return self._term.held if self._term else frozenset()

    @property
    def waits_for(self) -> str:
        """Return why this replica does not own every unit that it should, or an empty text."""
        return self._term.waits_for if self._term else BEING_CLAIMED

    @property
    def wanted(self) -> int:
        """Return how many units this replica should own, as far as it knows the others."""
        return self._term.wanted if self._term else 0

    async def run(self, own: Own, stopping: asyncio.Event) -> None:
        """Run `own` for each claimed unit until told to stop; then finish, give back and leave."""
        replica = self.replica
        while not stopping.is_set():
            try:
                await self._run_term(own, stopping)
            except* LeaseLostError as lost:
                log.warning("lease was lost, claims are taken again", service=replica.service, reason=_first_text(lost))
            except* TemporaryError as failure:
                self._tell(_first_text(failure))
            _end_if_cancelled()
            if not stopping.is_set():
                await replica.clock.sleep(REJOIN_SPREAD * replica.dice.random())

    async def _run_term(self, own: Own, stopping: asyncio.Event) -> None:
        await self.agree()
        lease = await self.replica.store.grant(self.replica.options.ttl)
        self._was_told = False
        self._term = Term(self.replica, lease, own, self.on_change)
        try:
            await self._term.run(stopping)
        finally:
            self._term = None
            self.on_change()

    def _tell(self, reason: str) -> None:
        if not self._was_told:
            self._was_told = True
            log.warning("waiting for the ownership store", service=self.replica.service, reason=reason)


def _end_if_cancelled() -> None:
    """Raise what a task group of Python 3.11 drops: a cancellation that comes together with a failure."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _first_text(group: BaseExceptionGroup[BaseException]) -> str:
    error = group.exceptions[0]
    return _first_text(error) if isinstance(error, BaseExceptionGroup) else str(error)
