"""The right to write: whether a claim still holds, decided by our own clock.

etcd counts a lease from the moment it answered; we count from the moment we asked, which is earlier, on a clock that
also counts a suspended machine. So we stop writing before anybody else can own the unit. A fence never becomes valid
again by itself: after a gap in the renewals, the claim has to be read back first (see `Tenure.resume`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from shared.core.errors import LeaseLostError
from shared.ports.clock import Clock
from shared.ports.store import Lease

WRITE_DEADLINE = timedelta(seconds=5)


def write_deadline(ttl: timedelta) -> timedelta:
    """Return how long a write may take to arrive: 5 s, or half of a time to live that is shorter than 10 s."""
    return min(WRITE_DEADLINE, ttl / 2)


def remaining(lease: Lease, now: float) -> float:
    """Return the seconds for which a lease surely lasts."""
    return lease.sent_at + lease.ttl.total_seconds() - now


@dataclass(slots=True)
class Tenure:
    """The lease of this process, and whether its claims may be trusted without reading them back."""

    lease: Lease
    is_trusted: bool = True

    def renewed(self, lease: Lease, now: float) -> None:
        """Take in an answered renewal; one that came after the end of the old lease leaves the claims in doubt."""
        if remaining(self.lease, now) <= 0:
            self.is_trusted = False
        self.lease = lease

    def resume(self) -> None:
        """Trust the claims again, after a linearizable read showed the own create revision of each."""
        self.is_trusted = True

    def end(self) -> None:
        """Trust no claim of this lease any more."""
        self.is_trusted = False


@dataclass(slots=True)
class ClaimFence:
    """Implements the port `Fence` for one claim."""

    claim: str
    token: int
    tenure: Tenure
    clock: Clock
    is_ended: bool = False

    def check(self) -> None:
        """Raise LeaseLostError unless the claim outlasts the deadline of a write sent now."""
        if self.is_ended or not self.tenure.is_trusted:
            raise LeaseLostError(f"claim {self.claim} is lost or in doubt")
        lease = self.tenure.lease
        left = remaining(lease, self.clock.elapsed())
        if left < write_deadline(lease.ttl).total_seconds():
            raise LeaseLostError(f"claim {self.claim} holds for {left:.1f} s only")

    def end(self) -> None:
        """Refuse every write from now on."""
        self.is_ended = True
