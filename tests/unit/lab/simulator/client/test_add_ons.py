"""Resources that a cluster learns and forgets."""

import asyncio
from typing import Any

import pytest

from lab.simulator.client.add_ons import AddOn, serves, summary
from lab.simulator.client.caches import Cache
from lab.simulator.client.informers import Informer
from lab.simulator.client.resources import POD_GROUPS, Document, Resource
from shared.testing.eventually import eventually

NAME = "podgroups.scheduling.volcano.sh"


def a_definition(version: int = 1, *, established: str = "True", **metadata: Any) -> Document:
    return {
        "metadata": {"name": NAME, "uid": "uid-crd", "resourceVersion": str(version), "labels": {"a": "b"}, **metadata},
        "spec": {"versions": [{"name": "v1beta1", "served": True, "schema": {}}, {"name": "v1", "served": False}]},
        "status": {"conditions": [{"type": "Established", "status": established}]},
    }


@pytest.mark.parametrize(
    ("definition", "versions"),
    [
        pytest.param(a_definition(), ["v1beta1"], id="the versions that are served"),
        pytest.param(a_definition(established="False"), [], id="none before it is established"),
        pytest.param(a_definition(deletionTimestamp="2026-01-01T00:00:00Z"), [], id="none when it goes"),
    ],
)
def test_of_a_definition_only_what_it_serves_is_kept(definition: Document, versions: list[str]) -> None:
    kept = summary(definition)

    assert kept["versions"] == versions
    assert kept.keys() == {"metadata", "versions"}
    assert "labels" not in kept["metadata"]


class ListOnce(Informer):
    """Finds one object, and then watches for ever."""

    def __init__(self, cache: Cache) -> None:
        self._found = cache
        self.synced = asyncio.Event()

    async def run(self) -> None:
        self._found.observe({"metadata": {"name": "group", "namespace": "team", "uid": "u", "resourceVersion": "1"}})
        self.synced.set()
        await asyncio.Event().wait()


@pytest.mark.asyncio
async def test_a_resource_is_watched_while_its_definition_is_there_and_then_forgotten() -> None:
    definitions, cache, made = Cache(), Cache(), list[Resource]()

    def make(resource: Resource, of: Cache) -> Informer:
        made.append(resource)
        return ListOnce(of)

    add_on = AddOn(POD_GROUPS, cache, make, definitions)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(add_on.run())
        await add_on.synced()
        assert (made, serves(definitions, POD_GROUPS)) == ([], False)

        definitions.observe(summary(a_definition()))
        await add_on.synced()
        assert (made, len(cache)) == ([POD_GROUPS], 1)

        definitions.remove(summary(a_definition()))
        await eventually(lambda: len(cache) == 0)
        running.cancel()
