"""What an undisturbed run leaves: the measure of all disturbed ones."""

from __future__ import annotations

from shared.core.json import Manifest, text
from shared.core.resources import GRAPHS, Ref
from tests.chaos.simulation import NAMESPACE, simulated

_known: dict[tuple[tuple[str, ...], int], dict[str, Manifest]] = {}


async def undisturbed(services: tuple[str, ...], *, replicas: int = 1) -> dict[str, Manifest]:
    """Return the objects that an undisturbed run of graph `chat` leaves."""
    if (services, replicas) not in _known:
        async with simulated(0) as run:
            run.watcher()
            run.reconciler()
            run.graph(services=services, replicas=replicas)
            await run.converge()
            assert text(run.cluster.peek(Ref(GRAPHS, NAMESPACE, "chat")), "status", "state") == "successful"
            _known[services, replicas] = run.essence()
    return _known[services, replicas]
