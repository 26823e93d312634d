"""Edits whose time is measured one by one: from the edit until the Deployment carries it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta

from shared.core.resources import GRAPHS, Ref
from tests.chaos.failures.observers import Observer
from tests.e2e.graphs import edit_replicas


@dataclass(slots=True)
class Editor:
    """Somebody who scales the decode workers of graphs to and fro."""

    observer: Observer
    namespace: str
    patience: timedelta = timedelta(seconds=30)
    took: list[float] = field(default_factory=list)  # seconds of each edit

    async def edit(self, name: str) -> float:
        """Scale one graph to the other number; return the seconds until its Deployment carries it."""
        replicas = 1 if self.observer.replicas(self.namespace, name) == 2 else 2
        began = time.monotonic()
        await edit_replicas(self.observer.cluster, Ref(GRAPHS, self.namespace, name), "Decode", replicas)

        def is_carried() -> bool:
            return self.observer.replicas(self.namespace, name) == replicas

        done = await self.observer.until(is_carried, within=self.patience, goal=f"the edit of {name} carried")
        self.took.append(done - began)
        return done - began

    @property
    def worst(self) -> timedelta:
        """Return the longest time of all edits."""
        return timedelta(seconds=max(self.took))
