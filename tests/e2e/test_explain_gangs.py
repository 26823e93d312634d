"""`dynamoctl explain` names the true cause also where Grove or LeaderWorkerSets run a graph, and `status` its pods."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.commands.status import read_reports
from cli.explanations.findings import Verdict
from shared.core import labels
from shared.core.json import Manifest
from tests.e2e.stacks import LiveStack, running_stack
from tests.e2e.test_explain import NAMESPACE, a_graph, asked, cause, cause_of, until_ready

pytestmark = pytest.mark.asyncio

WORKER: dict[str, Any] = {
    "command": ["python3", "-m", "dynamo.sglang"],
    "args": ["--model-path", "m"],
    "gpus": 8,
}


def a_gang(name: str, *, in_grove: bool = True, **worker: Any) -> Manifest:
    """Return a graph whose worker spans two nodes."""
    graph = a_graph(name, Frontend={}, Worker={**WORKER, **worker})
    del graph["spec"]["backendFramework"]
    graph["metadata"]["annotations"] = {labels.ENABLE_GROVE: str(in_grove).lower()}
    graph["spec"]["services"]["Worker"] |= {"componentType": "worker", "multinode": {"nodeCount": 2}}
    return graph


GRAPHS_OF_ALL = (
    a_gang("in-grove"),
    a_gang("in-sets", in_grove=False),
    a_gang("unpullable-clique", fault="image-pull"),
    a_gang("unpullable-set", in_grove=False, fault="image-pull"),
    a_gang("impossible-clique", gpus=64),
)


@pytest.fixture(scope="module")
def gangs(home: Path) -> Iterator[LiveStack]:
    """Return a stack with Grove and LeaderWorkerSet, and graphs over several nodes."""
    with running_stack("gangs", nodes="10x8xH100,1xcpu", offers=("grove", "lws")) as stack:
        stack.create_namespaces([NAMESPACE])
        stack.kubectl("apply", "-f", "-", given=yaml.safe_dump_all(GRAPHS_OF_ALL))
        yield stack


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param("in-grove", "PodCliqueScalingGroup", id="Grove"),
        pytest.param("in-sets", "LeaderWorkerSet", id="LeaderWorkerSet"),
    ],
)
async def test_a_gang_that_runs_is_ready_with_a_pod_on_each_node(gangs: LiveStack, name: str, kind: str) -> None:
    await until_ready(gangs, name)

    found = await asked(gangs, name)
    (report,) = [each for each in await read_reports(gangs.target, NAMESPACE) if each.name == name]

    assert found.verdict is Verdict.READY
    assert [(row.name, row.ready, row.wanted) for row in found.services] == [("Frontend", 1, 1), ("Worker", 2, 2)]
    assert [(row.kind, row.ready, row.wanted, row.gpus) for row in report.components if row.name == "Worker"] == [
        (kind, 2, 2, 16)
    ]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        pytest.param("unpullable-clique", "ImagePullFailed", id="an image that cannot be pulled, Grove"),
        pytest.param("unpullable-set", "ImagePullFailed", id="an image that cannot be pulled, LeaderWorkerSet"),
        pytest.param("impossible-clique", "Impossible", id="more GPUs than any node has"),
    ],
)
async def test_the_cause_is_the_pod_that_blocks_its_gang(gangs: LiveStack, name: str, code: str) -> None:
    found = await cause_of(gangs, name, code=code)

    assert cause(found).thing.kind == "Pod"
    assert cause(found).thing.name.startswith(name)
