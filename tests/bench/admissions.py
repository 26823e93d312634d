"""Admission of a large graph over HTTPS, as the API server asks: 50 times a second, whether or not answers come."""

from __future__ import annotations

import asyncio
import base64
import ssl
import time
from typing import Any

import aiohttp
import orjson

from shared.core.json import Manifest, items, text
from shared.core.resources import GRAPHS, VALIDATING_WEBHOOKS, Ref
from tests.bench.graphs import NAMESPACE, graph
from tests.bench.percentiles import both
from tests.bench.stages import Stage

RATE, SECONDS, WARM_UP = 50, 10, 50
COMPONENTS = 25
DEADLINE = aiohttp.ClientTimeout(total=10)


async def admission(stage: Stage) -> dict[str, float]:
    """Ask the webhook at the address and with the bundle that its registration gives."""
    configuration = await stage.cluster.get(Ref(VALIDATING_WEBHOOKS, "", "dynamo-validating"))
    webhook = next(
        each for each in items(configuration, "webhooks") if text(each, "name") == "vdynamographdeployment.kb.io"
    )
    bundle = base64.b64decode(text(webhook, "clientConfig", "caBundle")).decode()
    url = text(webhook, "clientConfig", "url")
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cadata=bundle))
    async with aiohttp.ClientSession(connector=connector, trust_env=False, timeout=DEADLINE) as session:
        for _ in range(WARM_UP):
            await _ask(session, url)
        return both("admission", await _ask_steadily(session, url))


async def _ask_steadily(session: aiohttp.ClientSession, url: str) -> list[float]:
    seconds: list[float] = []

    async def ask(due: float) -> None:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        seconds.append(await _ask(session, url))

    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for number in range(RATE * SECONDS):
            tasks.create_task(ask(began + number / RATE))
    return seconds


async def _ask(session: aiohttp.ClientSession, url: str) -> float:
    began = time.monotonic()
    async with session.post(url, data=_BODY, headers={"Content-Type": "application/json"}) as response:
        answer = orjson.loads(await response.read())
    seconds = time.monotonic() - began
    assert answer["response"]["allowed"], answer
    return seconds


def _review(large: Manifest) -> dict[str, Any]:
    large["metadata"]["uid"] = "0e5f1c9e-6d3a-4d5c-9c50-1f3c5f0b6d11"
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "9b3f6c6e-30f1-4d0f-8a11-6a3b3f8f0b11",
            "kind": {"group": GRAPHS.group, "version": GRAPHS.version, "kind": GRAPHS.kind},
            "resource": {"group": GRAPHS.group, "version": GRAPHS.version, "resource": GRAPHS.plural},
            "name": large["metadata"]["name"],
            "namespace": NAMESPACE,
            "operation": "CREATE",
            "userInfo": {"username": "bench"},
            "object": large,
            "oldObject": None,
            "dryRun": False,
        },
    }


_BODY = orjson.dumps(_review(graph(0, COMPONENTS)))
