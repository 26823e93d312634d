"""The conformance manifests as users would apply them: with kubectl, in a cluster with LWS and in one with Grove.

Every graph becomes successful, and its deletion leaves nothing behind. All files go through their courses together,
each in a namespace of its own.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import pytest

from shared.core.json import Manifest
from tests.conformance import Conformance
from tests.e2e.stacks import LiveStack, running_stack
from tests.parity.clusters import GROVE, LWS, SSH_SECRET, RecordedCluster, found_there
from tests.parity.references import claims_found_there, contents_found_there
from tests.parity.scope import documents, manifests

GRAPH, GRAPHS = "DynamoGraphDeployment", "dynamographdeployments"
MANY_GPUS = "48x8xH100,8xcpu"
PATIENCE = "--timeout=100s"
COMES_AND_GOES = ("events", "leases.coordination.k8s.io", "endpoints", "bindings")
SHARED = {  # what all graphs of a namespace share stays
    "ServiceAccount/planner-serviceaccount",
    "RoleBinding/planner-serviceaccount-binding",
    f"Secret/{SSH_SECRET}",
}


@dataclass(frozen=True, slots=True)
class Course:
    """What all files went through, as kubectl told it: by namespace, or in one text for all."""

    graphs: Mapping[str, int]  # how many were applied
    before: Mapping[str, set[str]]
    states: Mapping[str, list[str]]
    listed: str
    described: str
    after: Mapping[str, set[str]]


def namespace_of(file: str) -> str:
    """Return the namespace of a file: its own for as long as its path stays."""
    return f"manifest-{crc32(file.encode()):08x}"


def placed(found: list[Manifest], namespace: str) -> list[Manifest]:
    return [{**each, "metadata": {**each["metadata"], "namespace": namespace}} for each in found]


def listed_together(found: Iterable[Manifest]) -> str:
    """Return objects as kubectl takes them from its input."""
    return "\n".join(map(json.dumps, found))


def names_by_namespace(stack: LiveStack) -> dict[str, set[str]]:
    """Return everything in the namespaces of the files, of every kind that the cluster serves."""
    served = stack.kubectl("api-resources", "--namespaced", "--verbs=list", "-o", "name").stdout.split()
    kinds = ",".join(each for each in served if each not in COMES_AND_GOES)
    found = defaultdict(set)
    for each in json.loads(stack.kubectl("get", kinds, "-A", "-o", "json").stdout)["items"]:
        found[each["metadata"]["namespace"]].add(f"{each['kind']}/{each['metadata']['name']}")
    return found


def states(stack: LiveStack) -> dict[str, list[str]]:
    line = '{range .items[*]}{.metadata.namespace}={.status.state}{"\\n"}{end}'
    found = defaultdict(list)
    for each in stack.kubectl("get", GRAPHS, "-A", "-o", f"jsonpath={line}").stdout.splitlines():
        namespace, _, state = each.partition("=")
        found[namespace].append(state)
    return found


def applied(folder: Path, file: str) -> list[Manifest]:
    """Return the documents of a file in its namespace."""
    return placed(list(documents(folder / file)), namespace_of(file))


def found_before(folder: Path, file: str) -> list[Manifest]:
    """Return what a file needs that its user has already."""
    given = documents(folder / file)
    return placed([*contents_found_there(given), *claims_found_there(given)], namespace_of(file))


@pytest.fixture(scope="module", params=[LWS, GROVE], ids=lambda cluster: cluster.name)
def course(request: pytest.FixtureRequest, home: Path, conformance: Conformance) -> Iterator[Course]:
    """Apply all files, wait, look at them and delete them again."""
    cluster: RecordedCluster = request.param
    folder, files = conformance.data / "manifests", manifests(conformance)
    settings = tuple(f"platform.{path}={value}" for path, value in cluster.settings.items())
    with running_stack(cluster.name.lower(), nodes=MANY_GPUS, settings=settings, offers=cluster.capabilities) as stack:
        stack.kubectl("apply", "-f", "-", given=listed_together(found_there(cluster)))
        stack.create_namespaces([namespace_of(file) for file in files])
        needed = [each for file in files for each in found_before(folder, file)]
        stack.kubectl("apply", "-f", "-", given=listed_together(needed))
        before = names_by_namespace(stack)
        everything = listed_together(each for file in files for each in applied(folder, file))
        stack.kubectl("apply", "-f", "-", given=everything)
        stack.kubectl("wait", GRAPHS, "--all", "-A", "--for=condition=Ready", PATIENCE, check=False)
        found, listed = states(stack), stack.kubectl("get", GRAPHS, "-A").stdout
        described = stack.kubectl("describe", GRAPHS, "-A").stdout
        stack.kubectl("delete", "-f", "-", PATIENCE, given=everything)
        # The garbage collector comes to these last, and pods take a moment to end.
        stack.kubectl("wait", "pods,endpointslices", "--all", "-A", "--for=delete", PATIENCE, check=False)
        yield Course(
            graphs={namespace_of(file): sum(each["kind"] == GRAPH for each in applied(folder, file)) for file in files},
            before=before,
            states=found,
            listed=listed,
            described=described,
            after=names_by_namespace(stack),
        )


def test_every_manifest_becomes_successful(course: Course) -> None:
    assert course.states == {namespace: ["successful"] * count for namespace, count in course.graphs.items()}


def test_deletion_leaves_what_was_there_before_and_what_graphs_share(course: Course) -> None:
    left = {namespace: course.after[namespace] - course.before[namespace] - SHARED for namespace in course.graphs}

    assert left == {namespace: set() for namespace in course.graphs}


def test_kubectl_lists_and_describes_graphs(course: Course) -> None:
    count = sum(course.graphs.values())
    assert len(re.findall(r"^manifest-\w{8} .* True ", course.listed, re.MULTILINE)) == count
    assert len(re.findall(r"^Namespace: +manifest-\w{8}$", course.described, re.MULTILINE)) == count
