"""A Kubernetes API with a simulator of its own, shared by the tests of this folder; each test has its namespace."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from lab.launcher.apiserver import ApiServer
from lab.launcher.simulator import Simulator
from lab.simulator.client.access import read_access
from lab.simulator.client.api import Api
from lab.simulator.client.errors import ApiError
from lab.simulator.client.resources import DEPLOYMENTS, PODS, REPLICA_SETS, Document, Resource
from shared.testing.eventually import eventually
from tests.servers.waiting import connections

WITHIN = timedelta(seconds=20)
REST_SECONDS = 2.0
NAMESPACES = Resource("", "v1", "namespaces", "Namespace", is_namespaced=False)


@dataclass(frozen=True)
class Stack:
    """The running processes, and the control file of the simulator."""

    api_server: ApiServer
    simulator: Simulator
    faults: Path


@dataclass(frozen=True)
class Lab:
    """One test's namespace in the cluster."""

    api: Api
    namespace: str
    stack: Stack

    async def create(self, resource: Resource, document: Document) -> Document:
        """Create an object in the namespace."""
        metadata = {"namespace": self.namespace, **document["metadata"]}
        head = {"apiVersion": resource.api_version, "kind": resource.kind}
        return await self.api.create(resource, {**head, **document, "metadata": metadata})

    async def get(self, resource: Resource, name: str) -> Document | None:
        """Return an object of the namespace, or nothing."""
        try:
            return await self.api.get(resource, self.namespace, name)
        except ApiError as error:
            if error.is_not_found:
                return None
            raise

    async def all_of(self, resource: Resource) -> list[Document]:
        """Return all objects of one resource in the namespace."""
        items, _ = await self.api.list(resource)
        return [item for item in items if item["metadata"].get("namespace") == self.namespace]

    async def deployment(self, name: str = "web") -> Document:
        """Return a Deployment that must be there."""
        return await self.api.get(DEPLOYMENTS, self.namespace, name)

    async def pods(self) -> list[Document]:
        """Return the pods."""
        return await self.all_of(PODS)

    async def replica_sets(self) -> list[Document]:
        """Return the ReplicaSets."""
        return await self.all_of(REPLICA_SETS)


def a_deployment(replicas: int = 1, *, name: str = "web", image: str = "app:1", **pod: Any) -> Document:
    """Return a Deployment whose pods ask for what `pod` says: `limits`, `annotations`, or fields of the spec."""
    limits, annotations = pod.pop("limits", {}), pod.pop("annotations", {})
    container = {"name": "main", "image": image, "resources": {"limits": limits}, **pod.pop("container", {})}
    metadata = {"labels": {"app": name}} | ({"annotations": annotations} if annotations else {})
    return {
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "strategy": pod.pop("strategy", {}),
            "template": {"metadata": metadata, "spec": {"containers": [container], **pod}},
        },
    }


async def requests_of_the_simulator(lab: Lab) -> int:
    """Return how many requests the simulator has made so far."""
    access = read_access(lab.stack.api_server.kubeconfig)
    timeout = aiohttp.ClientTimeout(total=10)
    async with (
        connections(access.tls or True) as connector,
        aiohttp.ClientSession(connector=connector, headers={"User-Agent": "a-test"}, timeout=timeout) as session,
        session.get(f"{access.server}/lab/requests") as answer,
    ):
        document = await answer.json()
    return sum(row["count"] for row in document["requests"] if row["agent"] == "dynamo-simulator")


async def comes_to_rest(lab: Lab, is_settled: Callable[[], Awaitable[bool]]) -> None:
    """Return when everything is settled and the simulator has asked nothing for a while; raise if that never is."""
    loop = asyncio.get_running_loop()
    seen: dict[int, float] = {}  # number of requests, and when it was first seen

    async def rests() -> bool:
        number = await requests_of_the_simulator(lab)
        return loop.time() - seen.setdefault(number, loop.time()) > REST_SECONDS and await is_settled()

    await eventually(rests, within=WITHIN)


def says(document: Document | None, kind: str) -> tuple[str, str, str] | None:
    """Return status, reason and message of a condition."""
    for found in ((document or {}).get("status") or {}).get("conditions") or ():
        if found["type"] == kind:
            return found["status"], found.get("reason", ""), found.get("message", "")
    return None


@contextmanager
def running_stack(folder: Path) -> Iterator[Stack]:
    """Run the lab's Kubernetes API and the simulator."""
    faults = folder / "faults.yaml"
    faults.write_text("schemaVersion: 1\n")
    with ExitStack() as servers:
        api_server = ApiServer(folder / "apiserver")
        servers.callback(api_server.stop)
        api_server.start()
        options = ("--nodes=2x8xH100,2xcpu", f"--faults={faults}", "--seed=7", "--speed=3")
        simulator = Simulator(folder / "simulator", api_server.kubeconfig, options)
        servers.callback(simulator.stop)
        simulator.start()
        yield Stack(api_server, simulator, faults)


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The servers that the tests of this folder share."""
    with running_stack(tmp_path_factory.mktemp("lab")) as servers:
        yield servers


@pytest.fixture
def own_stack(tmp_path: Path) -> Iterator[Stack]:
    """Servers that a test may break."""
    with running_stack(tmp_path) as servers:
        yield servers


@pytest_asyncio.fixture
async def lab(stack: Stack, request: pytest.FixtureRequest) -> AsyncIterator[Lab]:
    """A namespace of one's own."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:50].strip("-")
    async with Api(read_access(stack.api_server.kubeconfig), agent="a-test") as api:
        await api.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        yield Lab(api, name, stack)
        namespace = await api.get(NAMESPACES, None, name)
        await api.delete(NAMESPACES, namespace)
