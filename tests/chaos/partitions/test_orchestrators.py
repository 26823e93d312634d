"""A graph that moves between orchestrators while events repeat and its owner dies: one tree is left, and no orphan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.api.platform import Capability
from shared.contracts.facts import ORCHESTRATORS, encode_orchestrators
from shared.core import labels
from shared.core.json import Manifest, text
from shared.core.objects import name_of, ref_of
from shared.core.resources import (
    ADD_ONS,
    COMPONENTS,
    DEPLOYMENTS,
    GRAPHS,
    LEADER_WORKER_SETS,
    POD_CLIQUE_SETS,
    POD_GROUPS,
    SERVICES,
    Ref,
)
from shared.ports.store import Put
from shared.testing.cluster_objects import Change
from tests.chaos.seeds import run_seeds
from tests.chaos.simulation import KEYS, NAMESPACE, Simulation, simulated
from tests.unit.services.reconciler.handlers.grove_worlds import clique_status, made_of
from tests.unit.services.reconciler.handlers.lws_worlds import set_status

CHAT = Ref(GRAPHS, NAMESPACE, "chat")
MOVES = 5
NODES = (1, 2, 3)
TREE = (COMPONENTS, DEPLOYMENTS, LEADER_WORKER_SETS, POD_GROUPS, POD_CLIQUE_SETS, SERVICES)
OFFERS: tuple[tuple[Capability, ...], ...] = (
    (),
    (Capability.LWS,),
    (Capability.GROVE,),
    (Capability.GROVE, Capability.LWS),
)
WITH_HOME = [each for each in OFFERS if Capability.LWS in each]  # for replicas of several nodes, Grove or not


def test_a_graph_leaves_nothing_behind_wherever_it_moves() -> None:
    assert run_seeds(moving, row="moves between orchestrators", short=6, long=300, held="one tree, no orphan") > 0


async def moving(seeds: Sequence[int]) -> None:
    """Move a graph at random, and compare what is left with a graph that was made where this one ended."""
    for seed in seeds:
        async with simulated(seed) as run:
            begin(run)
            run.reconciler("first", again=0.2)
            run.cluster.put(a_graph())
            by_nodes = run.dice.random() < 0.5
            run.edit(CHAT, annotate("false") if by_nodes else span(run.dice.choice(NODES)))
            for _ in range(MOVES):
                await move(run, by_nodes=by_nodes)
                await run.advance(run.dice.choice((0.0, 0.2, 1.0, 30.0)))
            offers = run.dice.choice(WITH_HOME)  # without one a graph keeps what it had, and a new one has nothing
            await offer(run, offers)
            await run.converge(at_least=90.0)
            graph = run.cluster.peek(CHAT)
        assert graph is not None
        left, state = tree(run), text(graph, "status", "state")

        async with simulated(seed) as calm:
            begin(calm)
            await offer(calm, offers)
            calm.reconciler()
            metadata = {"name": "chat", "namespace": NAMESPACE, "annotations": graph["metadata"].get("annotations", {})}
            calm.cluster.put({**a_graph(), "metadata": metadata, "spec": graph["spec"]})
            await calm.converge()
            made = calm.cluster.peek(CHAT)
        assert (seed, left) == (seed, tree(calm))
        assert (seed, state) == (seed, text(made, "status", "state"))


def begin(run: Simulation) -> None:
    """Start the watcher and, in the cluster, whoever makes things ready."""
    for resource in ADD_ONS:
        run.cluster.serve(resource)
    run.watcher()
    run.cluster.objects.listeners.append(Operators(run).on_change)


class Operators:
    """Grove and LeaderWorkerSet: what they own follows what they are given, and is ready a moment later."""

    def __init__(self, run: Simulation) -> None:
        """Look after the cluster of a run."""
        self.run = run

    def on_change(self, change: Change) -> None:
        """Act a moment after a change of a set."""
        if change.ref.resource not in (LEADER_WORKER_SETS, POD_CLIQUE_SETS) or change.after is None:
            return
        before = change.before or {}
        if before.get("spec") != change.after["spec"]:
            run, ref = self.run, change.ref
            run.clock.call_at(run.clock.elapsed() + run.dice.random(), lambda: self._act(ref))

    def _act(self, ref: Ref) -> None:
        live = self.run.cluster.peek(ref)
        if live is None or "deletionTimestamp" in live["metadata"]:
            return
        if ref.resource is LEADER_WORKER_SETS:
            self.run.cluster.set_status(ref, set_status(ready=True))
            return
        for made in made_of(live):
            own = self.run.cluster.peek(ref_of(made)) or self.run.cluster.put(made, manager="grove")
            self.run.cluster.set_status(ref_of(made), clique_status(own))
        self.run.cluster.set_status(ref, clique_status(live))


async def move(run: Simulation, *, by_nodes: bool) -> None:
    """Do one thing that changes what should run the graph, or who sees to it.

    A set of Grove's never changes its cliques (workloads 8.5), so nodes change in graphs only that it does not run.
    """
    match run.dice.randrange(4):
        case 0 | 1 if by_nodes:
            run.edit(CHAT, span(run.dice.choice(NODES)))
        case 0:
            run.edit(CHAT, annotate(run.dice.choice(("false", "true"))))
        case 1 | 2:
            await offer(run, run.dice.choice(OFFERS))
        case _:
            run.processes[-1].kill()
            await run.advance(0.1)
            run.reconciler(f"owner-{len(run.processes)}", again=0.2)


async def offer(run: Simulation, capabilities: Sequence[Capability]) -> None:
    """Say what the cluster offers from now on."""
    await run.store.commit([Put(KEYS.fact(ORCHESTRATORS), encode_orchestrators(capabilities))])


def annotate(value: str) -> Any:
    """Return the edit that allows or forbids Grove."""

    def change(live: Manifest) -> None:
        live["metadata"].setdefault("annotations", {})[labels.ENABLE_GROVE] = value

    return change


def span(nodes: int) -> Any:
    """Return the edit after which a replica of the worker spans this many nodes."""

    def change(live: Manifest) -> None:
        worker = live["spec"]["services"]["Worker"]
        worker.pop("multinode", None)
        if nodes > 1:
            worker["multinode"] = {"nodeCount": nodes}

    return change


def a_graph() -> Manifest:
    """Return a graph with a frontend and a worker that starts on any number of nodes."""
    image = {"image": "registry.example/runtime:1"}
    command = {"command": ["python3", "-m", "dynamo.sglang"], "args": ["--model-path", "m"]}
    services = {
        "Frontend": {"componentType": "frontend", "replicas": 1, "extraPodSpec": {"mainContainer": image}},
        "Worker": {
            "componentType": "worker",
            "replicas": 2,
            "resources": {"limits": {"gpu": "1"}},
            "extraPodSpec": {"mainContainer": {**image, **command}},
        },
    }
    return {
        "apiVersion": GRAPHS.api_version,
        "kind": GRAPHS.kind,
        "metadata": {"name": CHAT.name, "namespace": CHAT.namespace},
        "spec": {"services": services},
    }


def tree(run: Simulation) -> dict[str, Any]:
    """Return what runs the graph: every object with its owner and what it asks for."""
    return {
        f"{kind.kind}/{name_of(live)}": (live["metadata"]["ownerReferences"][0]["kind"], live.get("spec"))
        for kind in TREE
        for live in run.cluster.all(kind)
    }
