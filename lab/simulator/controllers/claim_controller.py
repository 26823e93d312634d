"""Binds claims of storage: whatever class they ask for, they get what they asked for at once.

There is no volume behind a claim, and none is shown: nothing here writes to it. Invariant: a bound claim is never
written again.
"""

from lab.simulator.client.caches import Key
from lab.simulator.client.resources import CLAIMS, Document
from lab.simulator.objects import is_deleting
from lab.simulator.world import World


class ClaimController:
    """Reconciles PersistentVolumeClaims."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, key: Key) -> float | None:
        """Bind one claim."""
        claim = self._world.claims.get(key)
        if claim is None or is_deleting(claim) or is_bound(claim):
            return None
        answer = await self._world.api.patch(CLAIMS, claim, {"status": bound(claim)}, subresource="status")
        self._world.claims.observe(answer)
        return None


def is_bound(claim: Document) -> bool:
    """Say whether a claim has its storage."""
    return (claim.get("status") or {}).get("phase") == "Bound"


def bound(claim: Document) -> Document:
    """Return the status of a claim that has got what it asked for."""
    spec = claim["spec"]
    return {
        "phase": "Bound",
        "accessModes": spec.get("accessModes") or [],
        "capacity": {"storage": ((spec.get("resources") or {}).get("requests") or {}).get("storage", "0")},
    }
