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

import pytest
import yaml

from shared.core.json import Manifest, mapping
from tests.conformance import Conformance
from tests.e2e.stacks import LiveStack
from tests.parity.scope import SINGLE_NODE

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

    before: Mapping[str, set[str]]
    states: Mapping[str, str]
    waited: list[str]
    listed: str
    described: str
    after: Mapping[str, set[str]]


def documents(file: Path) -> list[Manifest]:
    return [document for document in yaml.safe_load_all(file.read_text()) if document]


def holds_single_node_graphs(file: Path) -> bool:
    found = documents(file)
    graphs = [document for document in found if document["kind"] == GRAPH]
    services = [mapping(service) for graph in graphs for service in mapping(graph, "spec", "services").values()]
    return (
        bool(graphs)
        and all(document["kind"] in (GRAPH, "ConfigMap") for document in found)
        and not any("pvcs" in graph["spec"] for graph in graphs)
        and not any("modelRef" in service or "multinode" in service for service in services)
    )


def namespace_of(file: str) -> str:
    return f"manifest-{SINGLE_NODE.index(file):02d}"


def names_by_namespace(stack: LiveStack, resources: str) -> dict[str, set[str]]:
    found = defaultdict(set)
    for each in json.loads(stack.kubectl("get", resources, "-A", "-o", "json").stdout)["items"]:
        found[each["metadata"]["namespace"]].add(f"{each['kind']}/{each['metadata']['name']}")
    return found


def states(stack: LiveStack) -> dict[str, str]:
    line = '{range .items[*]}{.metadata.namespace}={.status.state}{"\\n"}{end}'
    told = stack.kubectl("get", GRAPHS, "-A", "-o", f"jsonpath={line}").stdout
    return dict(each.split("=") for each in told.splitlines())


def in_namespace(stack: LiveStack, folder: Path, command: Sequence[str], file: str) -> str:
    """Run kubectl in the namespace of a file, with the file where the command names it."""
    words = [str(folder / file) if word == FILE else word for word in command]
    return stack.kubectl(*words, "-n", namespace_of(file)).stdout


@pytest.fixture(scope="module")
def course(stack: LiveStack, conformance: Conformance) -> Course:
    """Apply all files, each in its namespace, wait, look at them and delete them again."""

    def on_each(*command: str) -> list[str]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(partial(in_namespace, stack, folder, command), SINGLE_NODE))

    folder = conformance.data / "manifests"
    stack.create_namespaces([namespace_of(file) for file in SINGLE_NODE], TOKEN, PROFILE)
    before = names_by_namespace(stack, HELD)
    on_each("apply", "-f", FILE)
    waited = on_each("wait", GRAPHS, "--all", "--for=condition=Ready", "--timeout=60s")
    listed = stack.kubectl("get", GRAPHS, "-A").stdout
    described = stack.kubectl("describe", GRAPHS, "-A").stdout
    found = states(stack)
    on_each("delete", "-f", FILE, "--timeout=60s")
    # The garbage collector comes to these last, and pods take a moment to end.
    on_each("wait", "pods,endpointslices", "--all", "--for=delete", "--timeout=60s")
    return Course(before, found, waited, listed, described, names_by_namespace(stack, HELD))


def test_the_list_names_every_file_of_single_node_graphs(conformance: Conformance) -> None:
    folder = conformance.data / "manifests"

    found = {str(file.relative_to(folder)) for file in folder.rglob("*.y*ml") if holds_single_node_graphs(file)}

    assert found == set(SINGLE_NODE)


@pytest.mark.parametrize("file", SINGLE_NODE)
def test_a_manifest_becomes_successful(course: Course, file: str) -> None:
    assert course.states[namespace_of(file)] == "successful"


@pytest.mark.parametrize("file", SINGLE_NODE)
def test_deletion_leaves_what_was_there_before_and_the_shared_planner_account(course: Course, file: str) -> None:
    namespace = namespace_of(file)

    assert course.after[namespace] == course.before[namespace] | SHARED


def test_kubectl_waits_for_lists_and_describes_graphs(course: Course) -> None:
    assert all("condition met" in each for each in course.waited)
    assert len(re.findall(r"^manifest-\d\d .* True ", course.listed, re.MULTILINE)) == len(SINGLE_NODE)
    assert len(re.findall(r"^Namespace: +manifest-\d\d$", course.described, re.MULTILINE)) == len(SINGLE_NODE)
