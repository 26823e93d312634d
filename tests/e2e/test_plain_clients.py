"""A person sees events without us: a plain NATS client reads headers and JSON."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import datetime

import nats
import pytest
from nats.aio.msg import Msg

from tests.e2e.graphs import apply_graphs
from tests.e2e.stacks import LiveStack

NAMESPACE, GRAPH = "plain", "graph-00"
SUBJECT = re.compile(rf"dynamo\.changes\.\d+\.dynamographdeployments\.{NAMESPACE}\.{GRAPH}")


async def first_event(stack: LiveStack) -> Msg:
    """Subscribe as `nats sub 'dynamo.changes.>'` does, apply a graph, and return its first event."""
    client = await nats.connect(stack.record.nats_url, connect_timeout=5, allow_reconnect=False)
    try:
        subscription = await client.subscribe("dynamo.changes.>")
        await client.flush(timeout=5)
        await apply_graphs(stack, NAMESPACE, 1)
        async with asyncio.timeout(10):
            async for message in subscription.messages:
                if SUBJECT.fullmatch(message.subject):
                    return message
        raise AssertionError("the subscription ended")
    finally:
        await client.close()


@pytest.fixture(scope="module")
def event(stack: LiveStack) -> Msg:
    found = asyncio.run(first_event(stack))
    stack.kubectl("delete", "namespace", NAMESPACE)
    return found


def test_headers_are_those_of_a_cloud_event(event: Msg) -> None:
    headers = event.headers or {}

    assert headers["ce-specversion"] == "1.0"
    assert headers["ce-type"] == "com.nvidia.dynamo.dynamographdeployments.added.v1"
    assert headers["ce-subject"].endswith(f"/namespaces/{NAMESPACE}/dynamographdeployments/{GRAPH}")
    assert headers["ce-id"]
    assert headers["ce-source"].startswith("/dynamo-platform/")
    assert datetime.fromisoformat(headers["ce-time"]).tzinfo is not None
    assert headers["ce-correlationid"]
    assert headers["ce-resourceversion"].isdigit()


def test_the_body_is_readable_json(event: Msg) -> None:
    body = json.loads(event.data)

    assert body["kind"] == "DynamoGraphDeployment"
    assert body["metadata"]["name"] == GRAPH
    assert set(body["spec"]["services"]) == {"Frontend", "Decode", "Prefill"}
