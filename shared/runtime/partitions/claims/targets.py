"""Which replica should own which unit: rendezvous hashing, and the moves that lead there.

Every replica computes the same answer from the same members, so no coordinator is needed, and a member that comes or
goes moves only the units that it gains or loses. Pure, because it is the one place where two replicas could disagree.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass


def target_of(unit: str, members: Iterable[str]) -> str | None:
    """Return the member that should own a unit: the one whose hash together with the unit is highest."""
    return max(members, key=lambda member: (_weight(unit, member), member), default=None)


@dataclass(frozen=True, slots=True)
class Situation:
    """What one replica knows of the claims of its service."""

    member: str
    members: frozenset[str]
    owners: Mapping[str, str]  # who holds each claimed unit
    held: frozenset[str]  # the units that this replica runs
    strays: frozenset[str]  # claims on our lease that nothing runs for: a commit whose answer was lost
    is_settled: bool  # the members have not changed for a while


@dataclass(frozen=True, slots=True)
class Moves:
    """What one replica should do next."""

    take: tuple[str, ...] = ()
    give_back: tuple[str, ...] = ()


def moves(situation: Situation, units: Collection[str]) -> Moves:
    """Return the free units to take and the held ones to hand over.

    A free unit is taken at once by its target, so that a dead or leaving replica is replaced as soon as its claims
    end. A unit that runs is handed over only between settled members, so that a restart does not move it twice.
    """
    if situation.member not in situation.members:
        return Moves()
    ours = {unit for unit in units if target_of(unit, situation.members) == situation.member}
    free = {unit for unit in ours - situation.held if unit not in situation.owners}
    take = sorted(free | situation.strays)
    give_back = sorted(situation.held - ours) if situation.is_settled else []
    return Moves(tuple(take), tuple(give_back))


def awaited(situation: Situation, units: Collection[str]) -> dict[str, int]:
    """Return how many units that this replica should own each other member still holds.

    Such a member hands them over, or it has died and its claims end with its lease: until then nobody works on them.
    """
    ours = (unit for unit in units if target_of(unit, situation.members) == situation.member)
    holders = Counter(situation.owners[unit] for unit in ours if unit in situation.owners)
    return {member: count for member, count in sorted(holders.items()) if member != situation.member}


def _weight(unit: str, member: str) -> bytes:
    return hashlib.blake2b(f"{member}\0{unit}".encode(), digest_size=8).digest()
