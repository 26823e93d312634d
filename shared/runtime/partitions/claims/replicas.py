"""Who this replica is and what it may own: what every part of the claims needs to know."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta

from shared.contracts.etcd_keys import EtcdKeys
from shared.ports.clock import Clock
from shared.ports.store import Store


@dataclass(frozen=True, slots=True)
class ClaimOptions:
    """How long things may take."""

    ttl: timedelta = timedelta(seconds=10)
    settle: timedelta = timedelta(seconds=5)  # members unchanged for so long before running units are handed over
    drain: timedelta = timedelta(seconds=5)  # for passes in hand at a hand-over


@dataclass(frozen=True, slots=True)
class Replica:
    """One process of a service, among others that own units of it too."""

    store: Store
    clock: Clock
    keys: EtcdKeys
    service: str
    member: str  # unique to this process
    units: Collection[str]
    version: str = ""  # of the program, for those who look
    options: ClaimOptions = field(default_factory=ClaimOptions)
    dice: random.Random = field(default_factory=random.Random)

    @property
    def member_key(self) -> str:
        """Return the key that shows the replica to the others."""
        return f"{self.keys.members(self.service)}{self.member}"

    def claim(self, unit: str) -> str:
        """Return the key of the claim on a unit."""
        return self.keys.claim(self.service, unit)
