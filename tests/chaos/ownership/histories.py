"""Strategies for histories that break no rule, and single records that break one, so that the checker can be tested."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from hypothesis import strategies as st

from shared.core.resources import DEPLOYMENTS, GRAPHS, Ref
from tests.chaos.ownership.checker import CHILDREN
from tests.chaos.ownership.records import (
    Claimed,
    ClusterWrite,
    Freed,
    ObjectSeen,
    PassBegan,
    PassEnded,
    Record,
    StateWritten,
)

GRAPH = Ref(GRAPHS, "team", "chat")
CHILD = Ref(DEPLOYMENTS, "team", "chat-worker")
SERVICE, UNIT = "reconciler", "7"


@dataclass(slots=True)
class Author:
    """Writes a lawful history: one holder after the other, each edit answered by a pass in time."""

    dice: random.Random
    records: list[Record] = field(default_factory=list)
    at: float = 0.0
    revision: int = 1
    generation: int = 1
    contents: int = 0

    def tenure(self, number: int, passes: int) -> None:
        """Let one replica hold the unit, for some passes."""
        member, token = f"replica-{number}", self._next_revision()
        self.records.append(Claimed(self._later(), token, SERVICE, UNIT, member, token))
        for _ in range(passes):
            self._edit()
            self._pass(member, token)
        self.records.append(Freed(self._later(), self._next_revision(), SERVICE, UNIT))

    def _edit(self) -> None:
        self.generation += 1
        self.records.append(self.seen(self.generation - 1))

    def _pass(self, member: str, token: int) -> None:
        began = self._later()
        self.records.append(PassBegan(began, member, token, GRAPH))
        self.contents += 1
        self.records.append(self.write(member, token, content=str(self.contents)))
        self.records.append(StateWritten(self._later(), self._next_revision(), SERVICE, "inventory", token))
        self.records.append(self.seen(self.generation))
        self.records.append(PassEnded(self._later(), member, token, GRAPH))

    def write(self, member: str, token: int, *, content: str, sent: float | None = None) -> ClusterWrite:
        """Return a write of a child."""
        at = self._later()
        return ClusterWrite(
            at=at,
            sent=at if sent is None else sent,
            service=SERVICE,
            member=member,
            unit=UNIT,
            token=token,
            manager=CHILDREN,
            verb="apply",
            ref=CHILD,
            uid="uid",
            content=content,
        )

    def seen(self, observed: int) -> ObjectSeen:
        """Return the graph as it is now, with a status of some generation."""
        return ObjectSeen(self._later(), self.revision, GRAPH, "uid-graph", UNIT, self.generation, observed)

    def _later(self) -> float:
        self.at += self.dice.uniform(0.01, 0.1)
        return self.at

    def _next_revision(self) -> int:
        self.revision += self.dice.randint(1, 3)
        return self.revision


@st.composite
def lawful_histories(draw: st.DrawFn) -> list[Record]:
    """Draw a history of some tenures that breaks no rule."""
    author = Author(draw(st.randoms(use_true_random=False)))
    for number, passes in enumerate(draw(st.lists(st.integers(1, 4), min_size=2, max_size=5))):
        author.tenure(number, passes)
    return author.records
