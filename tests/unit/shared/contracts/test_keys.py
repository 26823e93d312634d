"""Which keys an object belongs to: all objects of one graph share one, for ever and everywhere."""

from __future__ import annotations

import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rbac.grants import discovery, planner
from services.reconciler.desired.adapters import scaling_adapters
from services.reconciler.desired.children import component_children
from services.reconciler.desired.claims import volume_claims
from services.reconciler.desired.graphs import graph_children
from shared.api.platform import Capability, PlatformContext
from shared.contracts.keys import (
    PARTITIONS,
    REQUEST_LABEL,
    REQUEST_NAMESPACE_LABEL,
    Key,
    Keys,
    accounts_key,
    graph_key,
    keys,
    model_hash,
    model_key,
    partition_of,
)
from shared.core import labels
from shared.core.json import Manifest
from shared.core.objects import ref_of
from shared.core.resources import (
    COMPONENTS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    GRAPHS,
    INGRESSES,
    LEADER_WORKER_SETS,
    NODES,
    POD_CLIQUE_SCALING_GROUPS,
    POD_CLIQUE_SETS,
    POD_CLIQUES,
    PODS,
    QUEUES,
    REPLICA_SETS,
    REQUESTS,
    ROLE_BINDINGS,
    SERVICE_ACCOUNTS,
    SERVICES,
    VOLUME_CLAIMS,
    Resource,
)

NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,12}[a-z0-9])?", fullmatch=True)


def an_object(resource: Resource, name: str = "one", **metadata: Any) -> Manifest:
    """Return an object of namespace `team`."""
    known = {"name": name, "namespace": "team"} if resource.namespaced else {"name": name}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": known | metadata}


def owned_by(resource: Resource, name: str) -> list[dict[str, object]]:
    """Return the reference of a controller."""
    reference = {"apiVersion": resource.api_version, "kind": resource.kind, "name": name, "uid": "u"}
    return [{**reference, "controller": True}]


CLUSTERS = st.sampled_from(((), (Capability.LWS, Capability.ISTIO), (Capability.GROVE, Capability.KAI)))


def a_service(*, nodes: int) -> dict[str, Any]:
    """Return a service that has everything a service can have."""
    return {
        "componentType": "frontend" if nodes == 1 else "worker",
        "ingress": {"enabled": True, "host": "chat", "useVirtualService": True, "virtualServiceGateway": "mesh"},
        "extraPodSpec": {"mainContainer": {"image": "a", "command": ["python3"], "args": ["-m", "dynamo.vllm"]}},
        "resources": {"limits": {"gpu": "2"}},
        "scalingAdapter": {"enabled": True},
        **({"multinode": {"nodeCount": nodes}} if nodes > 1 else {}),
    }


@settings(max_examples=25, deadline=None)
@given(NAMES, st.lists(NAMES, min_size=1, max_size=3, unique_by=str.lower), CLUSTERS)
def test_every_object_of_a_graph_has_the_graph_s_key(
    graph: str, services: list[str], offers: tuple[Capability, ...]
) -> None:
    nodes = 2 if offers else 1
    spec = {each: a_service(nodes=nodes if number else 1) for number, each in enumerate(services)}
    claim = {"name": "models", "create": True, "size": "1Gi", "storageClass": "s", "volumeAccessMode": "ReadWriteMany"}
    manifest = an_object(GRAPHS, graph, uid="u") | {
        "spec": {"backendFramework": "vllm", "services": spec, "pvcs": [claim]}
    }
    context = PlatformContext().with_capabilities(offers)

    of_graph = graph_children(manifest, context).manifests
    components = [each for each in of_graph if ref_of(each).resource is COMPONENTS]
    children = [child for each in components for child in component_children(each, context).manifests]
    apart = (*volume_claims(manifest).seeds, *scaling_adapters(manifest).manifests)
    grants = discovery.grants(graph, "team", "u")

    made = [manifest, *of_graph, *children, *apart, *grants]
    assert {keys(ref_of(each).resource, each).own for each in made} == {graph_key("team", graph)}
    assert len(made) > len(services) * 2


@settings(max_examples=40, deadline=None)
@given(NAMES, NAMES, NAMES)
def test_a_key_lies_in_one_partition_for_ever(kind: str, namespace: str, name: str) -> None:
    key = Key(kind, namespace, name)

    assert partition_of(key) == zlib.crc32(f"{kind}/{namespace}/{name}".encode()) % PARTITIONS
    assert 0 <= partition_of(key, 2) < 2


def test_the_partition_of_a_known_key_is_pinned() -> None:
    assert partition_of(graph_key("demo", "chat")) == 24


@pytest.mark.parametrize(
    ("resource", "manifest", "own"),
    [
        pytest.param(
            PODS, an_object(PODS, labels={labels.GRAPH_NAME: "chat"}), graph_key("team", "chat"), id="a labelled pod"
        ),
        pytest.param(
            PODS, an_object(PODS, labels={labels.GRAPH_NAME: ""}), Key("pods", "team", "one"), id="an empty label"
        ),
        pytest.param(
            ROLE_BINDINGS,
            an_object(ROLE_BINDINGS, ownerReferences=owned_by(GRAPHS, "chat")),
            graph_key("team", "chat"),
            id="controlled by a graph",
        ),
        pytest.param(
            PODS,
            an_object(PODS, ownerReferences=owned_by(REPLICA_SETS, "web")),
            Key("pods", "team", "one"),
            id="controlled by something else",
        ),
        pytest.param(COMPONENTS, an_object(COMPONENTS), graph_key("team", "one"), id="a component that stands alone"),
        pytest.param(SERVICE_ACCOUNTS, planner.service_account("team"), accounts_key("team"), id="a shared account"),
        pytest.param(ROLE_BINDINGS, planner.role_binding("team", "r"), accounts_key("team"), id="a shared binding"),
        pytest.param(NODES, an_object(NODES), Key("nodes", "", "one"), id="a node"),
        pytest.param(POD_CLIQUE_SETS, an_object(POD_CLIQUE_SETS), graph_key("team", "one"), id="a set of cliques"),
        pytest.param(
            POD_CLIQUES,
            an_object(
                POD_CLIQUES,
                labels={labels.GRAPH_NAME: "chat"},
                ownerReferences=owned_by(POD_CLIQUE_SCALING_GROUPS, "chat-0-decode"),
            ),
            graph_key("team", "chat"),
            id="a clique of a scaling group",
        ),
        pytest.param(
            POD_CLIQUE_SCALING_GROUPS,
            an_object(POD_CLIQUE_SCALING_GROUPS, "chat-0-decode", ownerReferences=owned_by(POD_CLIQUE_SETS, "chat")),
            graph_key("team", "chat"),
            id="a scaling group, which has no label of ours",
        ),
        pytest.param(
            SERVICES,
            an_object(SERVICES, "chat-0", ownerReferences=owned_by(POD_CLIQUE_SETS, "chat")),
            graph_key("team", "chat"),
            id="a Service that Grove makes",
        ),
        pytest.param(
            VOLUME_CLAIMS,
            an_object(VOLUME_CLAIMS, "models", ownerReferences=owned_by(GRAPHS, "chat")),
            graph_key("team", "chat"),
            id="a claim of a graph",
        ),
        pytest.param(
            VOLUME_CLAIMS, an_object(VOLUME_CLAIMS), Key("persistentvolumeclaims", "team", "one"), id="a user's claim"
        ),
        pytest.param(QUEUES, an_object(QUEUES), Key("queues", "", "one"), id="a queue"),
    ],
)
def test_an_object_belongs_to_the_graph_it_is_of_else_to_itself(
    resource: Resource, manifest: Manifest, own: Key
) -> None:
    assert keys(resource, manifest).own == own


def test_a_graph_is_also_of_its_request_its_models_and_its_namespace_s_accounts() -> None:
    graph = an_object(GRAPHS, labels={REQUEST_LABEL: "ask", REQUEST_NAMESPACE_LABEL: "home"})
    graph["spec"] = {"services": {"a": {"modelRef": {"name": "llama"}}, "b": {"modelRef": {"name": "llama"}}, "c": {}}}

    assert keys(GRAPHS, graph).also == (
        Key(REQUESTS.plural, "home", "ask"),
        model_key("team", model_hash("llama")),
        accounts_key("team"),
    )


def test_a_graph_made_for_a_request_without_a_namespace_label_is_of_the_one_beside_it() -> None:
    graph = an_object(GRAPHS, labels={REQUEST_LABEL: "ask"})

    assert keys(GRAPHS, graph).also[0] == Key(REQUESTS.plural, "team", "ask")


def test_what_serves_a_model_is_also_of_the_model() -> None:
    assert keys(ENDPOINT_SLICES, an_object(ENDPOINT_SLICES, labels={labels.BASE_MODEL_HASH: "abc"})).also == (
        model_key("team", "abc"),
    )
    assert keys(PODS, an_object(PODS, labels={labels.BASE_MODEL_HASH: "abc"})).also == (model_key("team", "abc"),)
    assert keys(SERVICES, an_object(SERVICES, labels={labels.BASE_MODEL_HASH: "abc"})).also == (
        model_key("team", "abc"),
    )
    component = an_object(COMPONENTS) | {"spec": {"modelRef": {"name": "llama"}}}
    assert keys(COMPONENTS, component).also == (model_key("team", model_hash("llama")),)


@pytest.mark.parametrize("resource", [DEPLOYMENTS, SERVICES, LEADER_WORKER_SETS, INGRESSES])
def test_what_a_graph_is_made_of_is_no_business_of_its_models(resource: Resource) -> None:
    made = an_object(resource, labels={labels.GRAPH_NAME: "chat", labels.BASE_MODEL_HASH: "abc"})

    assert keys(resource, made) == Keys(graph_key("team", "chat"))


def test_a_request_is_also_of_the_accounts() -> None:
    assert keys(REQUESTS, an_object(REQUESTS)) == Keys(Key(REQUESTS.plural, "team", "one"), (accounts_key("team"),))
