"""What a service tells the partition loop about itself, and the limits the loop keeps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from shared.contracts.keys import PARTITIONS
from shared.core.outcomes import Done, Outcome
from shared.core.resources import Resource
from shared.ports.passes import Handler, Router, Work
from shared.runtime.partitions.facts import ConcernedByFact, every_primary
from shared.runtime.partitions.router import default_router

OnDeadLetter = Callable[[Work, str], Awaitable[Outcome]]


async def _say_nothing(work: Work, reason: str) -> Outcome:
    """Leave a dead letter without a further sign."""
    return Done()


@dataclass(frozen=True, slots=True)
class PassRules:
    """What is read, what is passed over by whom, and what concerns whom."""

    service: str
    reads: frozenset[Resource]
    primaries: Mapping[Resource, Handler]
    router: Router
    concerned_by_fact: ConcernedByFact = every_primary
    on_dead_letter: OnDeadLetter = _say_nothing  # shows it on the object, such as by a condition; called again safely
    heeds_progress: bool = True  # whether a change of nothing but a primary's status queues it


def pass_rules(
    service: str,
    *,
    reads: frozenset[Resource],
    primaries: Mapping[Resource, Handler],
    router: Router | None = None,
    heeds_progress: bool = True,
) -> PassRules:
    """Return rules with the default router unless another one is given."""
    routed = router or default_router(primaries.keys())
    return PassRules(service, reads | primaries.keys(), primaries, routed, heeds_progress=heeds_progress)


@dataclass(frozen=True, slots=True)
class PassOptions:
    """Limits and intervals."""

    partitions: int = PARTITIONS
    max_in_flight: int = 16
    drain: timedelta = timedelta(seconds=5)
    sweep: timedelta = timedelta(minutes=10)
    fact_spread: timedelta = timedelta(seconds=1)  # a fact's change must not start all passes at once
    refresh_deadline: timedelta = field(default=timedelta(seconds=30))
