"""Conditions: their type and words, and the three that every object of ours carries for kstatus.

`Ready` tells whether the object is as its spec says, `Reconciling` that it is on its way there, `Stalled` that it is
not and that somebody has to act. Exactly what tools such as `kubectl wait` and Argo CD look for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from services.reconciler.status.blockers import Blocker
from shared.core.json import Manifest

READY = "Ready"
RECONCILING = "Reconciling"
STALLED = "Stalled"
MAX_MESSAGE = 32768

Truth = Literal["True", "False", "Unknown"]


@dataclass(frozen=True, slots=True)
class Condition:
    """One aspect of the current state; when it changed is added later."""

    type: str
    status: Truth
    reason: str
    message: str = ""

    def manifest(self, generation: int) -> Manifest:
        """Return the condition as the API has it, without a transition time."""
        return {
            "type": self.type,
            "status": self.status,
            "reason": self.reason,
            "message": self.message[:MAX_MESSAGE],
            "observedGeneration": generation,
        }


def truth(value: bool) -> Truth:
    """Return the condition status of a statement that holds or not."""
    return "True" if value else "False"


def progress(blockers: Sequence[Blocker]) -> tuple[Condition, Condition]:
    """Return `Reconciling` and `Stalled` for what is in the way; nothing in the way means settled.

    Of what passes by itself only the first is told: were all of it, a graph that starts would get a new status
    for every step of every component. What somebody has to act on is told in full.
    """
    passing = [blocker for blocker in blockers if not blocker.is_terminal]
    return (
        _summary(RECONCILING, passing[:1], "Settled"),
        _summary(STALLED, [blocker for blocker in blockers if blocker.is_terminal], "NotStalled"),
    )


def sorted_manifests(conditions: Sequence[Condition], generation: int) -> list[Manifest]:
    """Return the conditions as the API has them, by type: the order carries no meaning and must not change."""
    return [condition.manifest(generation) for condition in sorted(conditions, key=lambda each: each.type)]


def _summary(kind: str, blockers: list[Blocker], otherwise: str) -> Condition:
    if not blockers:
        return Condition(kind, "False", otherwise)
    messages = dict.fromkeys(blocker.message for blocker in blockers)
    return Condition(kind, "True", blockers[0].code, " ".join(messages))
