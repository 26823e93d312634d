"""One model, several users: its Service belongs to those that live, whoever dies in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import pytest

from services.discovery.models.services import primary
from shared.contracts.keys import model_hash, model_key
from shared.contracts.ownership import DISCOVERY
from shared.core.json import text
from shared.core.objects import owners_of, uid_of
from shared.core.resources import COMPONENTS, GRAPHS, Ref
from shared.testing.cluster_faults import Fault, Request
from tests.chaos.rooms.platforms import ControlPlane, a_control_plane
from tests.chaos.seeds import run_seeds
from tests.chaos.simulation import KEYS, NAMESPACE, a_graph

SHORT, LONG = 4, 60
MODEL = "Qwen/Qwen3-0.6B"
SERVICE = primary(model_key(NAMESPACE, model_hash(MODEL)))
CHAT, CODE = Ref(GRAPHS, NAMESPACE, "chat"), Ref(GRAPHS, NAMESPACE, "code")


def create(plane: ControlPlane, graph: Ref, *, model: str = MODEL) -> None:
    """Apply a graph whose worker serves a model."""
    manifest = a_graph(graph.name, services=("Worker",))
    manifest["spec"]["services"]["Worker"]["modelRef"] = {"name": model}
    plane.run.cluster.put(manifest)


def users(plane: ControlPlane) -> set[str]:
    """Return the uids of the graphs and components that use the model."""
    graphs = [each for each in plane.run.cluster.all(GRAPHS) if MODEL in str(each["spec"])]
    components = [each for each in plane.run.cluster.all(COMPONENTS) if text(each, "spec", "modelRef", "name") == MODEL]
    return {uid_of(each) for each in (*graphs, *components)}


def owners(plane: ControlPlane) -> set[str]:
    """Return the uids of the owners of the model's Service."""
    return {each.uid for each in owners_of(plane.run.cluster.peek(SERVICE) or {})}


async def each(seeds: Sequence[int]) -> None:
    """Run the scenario for each seed, in a simulation of its own."""
    for seed in seeds:
        await sharing(seed)


async def sharing(seed: int) -> None:
    async with a_control_plane(seed) as plane:
        run, dice = plane.run, plane.run.dice
        run.cluster.watches.delay = lambda resource, version: timedelta(seconds=dice.random())
        plane.start()
        moment, calls = dice.randint(1, 40), Counter[str]()

        def disturb(request: Request) -> Fault | None:
            calls["all"] += 1
            if calls["all"] == moment:
                plane.processes["discovery"].kill()
            return None

        run.cluster.intercept = disturb
        create(plane, CHAT)
        create(plane, CODE)
        await run.advance(dice.uniform(0.0, 6.0))
        run.remove(CHAT)
        await run.advance(dice.uniform(0.0, 6.0))
        plane.processes["discovery"].kill()
        plane.start("discovery")
        await run.converge(at_least=20.0)
        run.cluster.requests.clear()
        shared = owners(plane), users(plane)
        await run.advance(25 * 60.0)
        at_rest = [request for request in run.cluster.requests if request.manager == DISCOVERY]
        create(plane, CODE, model="another/model")
        await run.converge()

        assert shared[0] == shared[1] != set()
        assert at_rest == []
        assert run.cluster.peek(SERVICE) is None
        assert [key for key in run.store.pairs(f"{KEYS.root}inventories/discovery/") if SERVICE.name in key] == []


@pytest.mark.rule("P-08", "W-37")
def test_the_service_of_a_model_has_exactly_the_live_users_and_goes_with_the_last() -> None:
    run_seeds(partial(each), row="P-08", short=SHORT, long=LONG)
