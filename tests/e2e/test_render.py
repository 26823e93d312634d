"""`dynamoctl render` shows what the running reconciler applies.

Exactly so: applying the rendered objects again, in the reconciler's name, changes nothing. The API server would raise
the version of an object of which only one field were more, less or another, field ownership included.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import yaml

from cli.files import example
from shared.contracts.ownership import GRAPH_CHILDREN
from shared.core.json import Manifest
from shared.core.objects import ref_of, uid_of, version_of
from shared.core.resources import COMPONENTS, DEPLOYMENTS, GRAPHS, SERVICES, Ref
from shared.ports.cluster import Cluster, Selection
from tests.e2e.stacks import LiveStack, dynamoctl

EXAMPLES = ("aggregated", "disaggregated-planner", "sglang", "trtllm", "vllm")
Versions = dict[Ref, int]


def namespace_of(name: str) -> str:
    return f"render-{name}"


async def versions(cluster: Cluster, namespace: str) -> Versions:
    lists = [await cluster.list(each, Selection(namespace=namespace)) for each in (COMPONENTS, DEPLOYMENTS, SERVICES)]
    return {ref_of(manifest): version_of(manifest) for found in lists for manifest in found.items}


async def owned(cluster: Cluster, manifest: Manifest) -> Manifest:
    """Return a rendered object with the uid of its owner, which nobody knows beforehand."""
    [owner] = manifest["metadata"]["ownerReferences"]
    resource = GRAPHS if owner["kind"] == GRAPHS.kind else COMPONENTS
    live = await cluster.get(Ref(resource, manifest["metadata"]["namespace"], owner["name"]))
    assert live is not None
    metadata = {**manifest["metadata"], "ownerReferences": [{**owner, "uid": uid_of(live)}]}
    return {**manifest, "metadata": metadata}


async def apply_again(stack: LiveStack, namespace: str, rendered: list[Manifest]) -> tuple[Versions, Versions]:
    """Return the versions of all children before and after the rendered objects are applied once more."""
    async with stack.target.cluster() as cluster:
        before = await versions(cluster, namespace)
        answers = [await cluster.apply(await owned(cluster, each), manager=GRAPH_CHILDREN) for each in rendered]
    return before, {ref_of(answer): version_of(answer) for answer in answers}


@pytest.fixture(scope="module")
def examples(stack: LiveStack) -> Iterator[LiveStack]:
    """The stack with every example in a namespace of its own."""
    stack.create_namespaces(map(namespace_of, EXAMPLES))
    for name in EXAMPLES:
        stack.kubectl("apply", "-n", namespace_of(name), "-f", str(example(name)))
    for name in EXAMPLES:
        stack.kubectl("wait", "dgd", "--all", "-n", namespace_of(name), "--for=condition=Ready", "--timeout=60s")
    yield stack
    stack.kubectl("delete", "namespace", *map(namespace_of, EXAMPLES))


@pytest.mark.parametrize("name", EXAMPLES)
def test_applying_a_rendered_example_changes_nothing(examples: LiveStack, name: str) -> None:
    rendered = dynamoctl("render", "-f", str(example(name)), "-n", namespace_of(name))
    assert rendered.returncode == 0, rendered.stderr

    manifests = list(yaml.safe_load_all(rendered.stdout))
    before, after = asyncio.run(apply_again(examples, namespace_of(name), manifests))

    assert after == before
