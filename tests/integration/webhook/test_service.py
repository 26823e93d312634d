"""The whole webhook against a served Kubernetes API, with NATS out of reach."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from services.webhook.app import app
from services.webhook.settings import WebhookSettings
from shared.bus.event_log import NatsEventLog, connect
from shared.bus.options import NatsOptions
from shared.contracts.envelope import correlation_id
from shared.contracts.streams import DECISIONS, stream_specs
from shared.contracts.subjects import decision_subject
from shared.core.errors import PlatformError, TemporaryError
from shared.core.json import Manifest
from shared.core.objects import generation_of, uid_of
from shared.core.resources import GRAPHS, Ref
from shared.kube.clusters import KubeCluster, KubeOptions, open_cluster
from shared.ports.bus import StoredMessage
from shared.runtime.clock import SystemClock
from shared.runtime.health import Readiness
from shared.runtime.service import Service
from shared.testing.eventually import eventually
from tests.servers.fixtures import StartApi, StartNats

ROOT = Path(__file__).resolve().parents[3]
DEFINITIONS = ROOT / "charts" / "crds" / "templates"
BASE = ROOT / "charts" / "platform" / "files" / "base.yaml"
NOWHERE = "nats://127.0.0.1:1"
DENIED = 'admission webhook "vdynamographdeployment.kb.io" denied the request: '


@dataclass
class Stack:
    """A Kubernetes API with a webhook that has registered itself."""

    cluster: KubeCluster
    service: Service
    work: asyncio.Task[None]


def a_graph(name: str, spec: dict[str, Any]) -> Manifest:
    return {
        "apiVersion": "nvidia.com/v1alpha1",
        "kind": "DynamoGraphDeployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": spec,
    }


async def refusal(cluster: KubeCluster, graph: Manifest) -> str:
    """Return the text with which a graph is refused, empty when it is not."""
    try:
        await cluster.apply(graph, manager="ada")
    except TemporaryError:
        raise
    except PlatformError as error:
        return str(error)
    return ""


async def told(log: NatsEventLog, name: str) -> StoredMessage:
    """Return what the decision log says about a graph, as soon as it does."""
    subject = decision_subject("webhook", Ref(GRAPHS, "default", name))
    found: list[StoredMessage] = []

    async def is_told() -> bool:
        message = await log.newest(DECISIONS, subject)
        found.extend([message] if message is not None else [])
        return bool(found)

    await eventually(is_told)
    return found[0]


@asynccontextmanager
async def a_stack(kubeconfig: Path, nats_url: str = NOWHERE) -> AsyncIterator[Stack]:
    settings = WebhookSettings(kubeconfig=kubeconfig, reachable_at="127.0.0.1", admission_port=0, nats_url=(nats_url,))
    service = Service("webhook", Readiness("webhook"))
    service.readiness.wait("start", "the test has not started it")
    async with open_cluster(KubeOptions(kubeconfig), SystemClock()) as cluster:
        for document in yaml.safe_load_all(BASE.read_text(encoding="utf-8")):
            await cluster.create(document, manager="test")
        work = asyncio.create_task(app(settings, service))
        try:
            await eventually(lambda: service.readiness.is_ready or work.done())
            yield Stack(cluster, service, work)
        finally:
            service.stopping.set()
            await asyncio.wait_for(work, timedelta(seconds=10).total_seconds())


@pytest.mark.rule("TR-04", "AC-04")
@pytest.mark.asyncio
async def test_graphs_are_judged_while_nats_is_away(start_api: StartApi) -> None:
    server = start_api("--crd", str(DEFINITIONS))

    async with a_stack(server.kubeconfig) as stack:
        valid = await refusal(stack.cluster, a_graph("chat", {"services": {"main": {"replicas": 1}}}))
        empty = await refusal(stack.cluster, a_graph("empty", {"services": {}}))
        changed = await refusal(stack.cluster, a_graph("chat", {"services": {"other": {}}}))

    assert valid == ""
    assert f"{DENIED}spec.services must have at least one service" in empty
    assert "services removed: [main]" in changed


@pytest.mark.rule("design 4")
@pytest.mark.asyncio
async def test_edits_and_refusals_are_told_to_the_decision_log(start_api: StartApi, start_nats: StartNats) -> None:
    server, nats = start_api("--crd", str(DEFINITIONS)), start_nats()

    async with connect(NatsOptions((nats.url,))) as log, a_stack(server.kubeconfig, nats.url) as stack:
        await log.provision(stream_specs(), install="dynamo")
        await stack.cluster.apply(a_graph("chat", {"services": {"main": {}}}), manager="ada")
        await refusal(stack.cluster, a_graph("empty", {}))

        accepted = await told(log, "chat")
        denied = await told(log, "empty")
        graph = await stack.cluster.get(Ref(GRAPHS, "default", "chat"))

    assert graph is not None
    assert accepted.headers["ce-type"] == "com.nvidia.dynamo.webhook.accepted.v1"
    assert accepted.headers["ce-correlationid"] == correlation_id(uid_of(graph), generation_of(graph))
    assert denied.headers["ce-type"] == "com.nvidia.dynamo.webhook.denied.v1"
    assert orjson.loads(denied.body)["message"] == "spec.services must have at least one service"


@pytest.mark.rule("WC-06")
@pytest.mark.asyncio
async def test_it_ends_when_it_is_told_to(start_api: StartApi) -> None:
    server = start_api("--crd", str(DEFINITIONS))

    async with a_stack(server.kubeconfig) as stack:
        stack.service.stopping.set()

        await eventually(stack.work.done)
        assert stack.work.exception() is None
