"""The conformance manifests of single-node graphs, as users would apply them: with kubectl, each in a namespace."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zlib import crc32

import pytest

from tests.conformance import Conformance
from tests.e2e.stacks import LiveStack
from tests.parity.scope import documents, single_node

GRAPH, GRAPHS = "DynamoGraphDeployment", "dynamographdeployments"
TOKEN = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hf-token-secret"}, "data": {}}
PROFILE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "planner-profile-data"}}  # the profiler's
FILE = "FILE"  # stands for the path in a command
AT_ONCE = 4  # kubectl processes at a time
HELD = (
    "dynamographdeployments,dynamocomponentdeployments,deployments,replicasets,services,endpointslices,pods,"
    "serviceaccounts,roles,rolebindings,configmaps,secrets"
)
SHARED = {"ServiceAccount/planner-serviceaccount", "RoleBinding/planner-serviceaccount-binding"}


@dataclass(frozen=True, slots=True)
class Course:
    """What all files went through, as kubectl told it: by namespace, or in one text for all."""

    graphs: Mapping[str, int]  # how many were applied
    before: Mapping[str, set[str]]
    states: Mapping[str, list[str]]
    waited: list[str]
    listed: str
    described: str
    after: Mapping[str, set[str]]


def namespace_of(file: str) -> str:
    """Return the namespace of a file: its own for as long as its path stays."""
    return f"manifest-{crc32(file.encode()):08x}"


def names_by_namespace(stack: LiveStack, resources: str) -> dict[str, set[str]]:
    found = defaultdict(set)
    for each in json.loads(stack.kubectl("get", resources, "-A", "-o", "json").stdout)["items"]:
        found[each["metadata"]["namespace"]].add(f"{each['kind']}/{each['metadata']['name']}")
    return found


def states(stack: LiveStack) -> dict[str, list[str]]:
    line = '{range .items[*]}{.metadata.namespace}={.status.state}{"\\n"}{end}'
    told = stack.kubectl("get", GRAPHS, "-A", "-o", f"jsonpath={line}").stdout
    found = defaultdict(list)
    for line in told.splitlines():
        namespace, _, state = line.partition("=")
        found[namespace].append(state)
    return found


def in_namespace(stack: LiveStack, folder: Path, command: Sequence[str], file: str) -> str:
    """Run kubectl in the namespace of a file, with the file where the command names it."""
    words = [str(folder / file) if word == FILE else word for word in command]
    return stack.kubectl(*words, "-n", namespace_of(file)).stdout


@pytest.fixture(scope="module")
def course(stack: LiveStack, conformance: Conformance) -> Course:
    """Apply all files, each in its namespace, wait, look at them and delete them again."""

    def on_each(*command: str) -> list[str]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(partial(in_namespace, stack, folder, command), files))

    folder, files = conformance.data / "manifests", single_node(conformance)
    graphs = {namespace_of(file): sum(each["kind"] == GRAPH for each in documents(folder / file)) for file in files}
    stack.create_namespaces(list(graphs), TOKEN, PROFILE)
    before = names_by_namespace(stack, HELD)
    on_each("apply", "-f", FILE)
    waited = on_each("wait", GRAPHS, "--all", "--for=condition=Ready", "--timeout=60s")
    listed = stack.kubectl("get", GRAPHS, "-A").stdout
    described = stack.kubectl("describe", GRAPHS, "-A").stdout
    found = states(stack)
    on_each("delete", "-f", FILE, "--timeout=60s")
    # The garbage collector comes to these last, and pods take a moment to end.
    on_each("wait", "pods,endpointslices", "--all", "--for=delete", "--timeout=60s")
    return Course(graphs, before, found, waited, listed, described, names_by_namespace(stack, HELD))


def test_every_manifest_becomes_successful(course: Course) -> None:
    assert course.states == {namespace: ["successful"] * count for namespace, count in course.graphs.items()}


def test_deletion_leaves_what_was_there_before_and_the_shared_planner_account(course: Course) -> None:
    assert course.after == {namespace: course.before[namespace] | SHARED for namespace in course.graphs}


def test_kubectl_waits_for_lists_and_describes_graphs(course: Course) -> None:
    count = sum(course.graphs.values())
    assert all("condition met" in each for each in course.waited)
    assert len(re.findall(r"^manifest-\w{8} .* True ", course.listed, re.MULTILINE)) == count
    assert len(re.findall(r"^Namespace: +manifest-\w{8}$", course.described, re.MULTILINE)) == count
