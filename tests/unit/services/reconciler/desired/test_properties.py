"""What holds for every graph that users may write, on every cluster that can run it."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings

from services.reconciler.desired.children import component_children
from services.reconciler.desired.names import component_name
from services.reconciler.desired.rendering import render, rendering
from shared.api.crds import DEFINITIONS, crd
from shared.api.platform import Capability
from shared.core.json import Manifest, canonical
from tests.chaos.seeds import IS_LONG
from tests.unit.services.reconciler.desired.builders import PLATFORM, a_graph
from tests.unit.services.reconciler.desired.graph_strategies import OFFERS, Case, cases

EXAMPLES = 2000 if IS_LONG else 15
COMPONENT = "DynamoComponentDeployment"
NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
MAX_NAME, GROVE_BUDGET = 63, 45
SCHEMAS = {each.resource.kind: crd(each)["spec"]["versions"][0]["schema"]["openAPIV3Schema"] for each in DEFINITIONS}

for_every_graph = settings(max_examples=EXAMPLES, deadline=None)


def rendered(case: Case) -> tuple[Manifest, ...]:
    """Return all objects of a graph."""
    return rendering(case.graph, case.platform, case.surroundings).manifests


def by_key(manifests: tuple[Manifest, ...]) -> dict[tuple[str, str], Manifest]:
    return {(each["kind"], each["metadata"]["name"]): each for each in manifests}


def shuffled(value: Any, dice: random.Random) -> Any:
    """Return the same document with the keys of every object in another order."""
    if isinstance(value, dict):
        keys = list(value)
        dice.shuffle(keys)
        return {key: shuffled(value[key], dice) for key in keys}
    return [shuffled(item, dice) for item in value] if isinstance(value, list) else value


def pods_of(manifest: Manifest) -> Iterator[dict[str, str]]:
    """Yield the labels of the pods that an object makes."""
    spec = manifest.get("spec", {})
    if manifest["kind"] == "Deployment":
        yield spec["template"]["metadata"]["labels"]
    elif manifest["kind"] == "LeaderWorkerSet":
        group = spec["leaderWorkerTemplate"]
        yield from (group[role]["metadata"]["labels"] for role in ("leaderTemplate", "workerTemplate"))
    elif manifest["kind"] == "PodCliqueSet":
        yield from (clique["labels"] for clique in spec["template"]["cliques"])


# Rendering at all


@pytest.mark.rule("workloads 3.1 #9")
@for_every_graph
@given(cases())
def test_every_valid_graph_renders_without_a_problem(case: Case) -> None:
    found = rendering(case.graph, case.platform, case.surroundings)

    assert found.problems == ()
    assert found.manifests


@pytest.mark.rule("W-59", "W-41", "workloads 12 Determinism #1", "workloads 4 #1")
@for_every_graph
@given(cases())
def test_the_order_of_keys_does_not_count_and_the_input_stays_as_it_was(case: Case) -> None:
    before = copy.deepcopy(case.graph)
    dice = random.Random(0)

    first = canonical(list(rendered(case)))
    again = [
        canonical(list(rendered(Case(shuffled(case.graph, dice), case.platform, case.surroundings)))) for _ in range(4)
    ]

    assert set(again) == {first}
    assert case.graph == before


# Names and labels


@pytest.mark.rule(
    "workloads W-04", "W-46", "workloads 8.5 name length: set + clique ≤ 45, set + group + clique ≤ 45 characters"
)
@for_every_graph
@given(cases())
def test_names_are_valid_short_enough_and_unique(case: Case) -> None:
    found = rendered(case)

    names = [each["metadata"]["name"] for each in found]

    assert [name for name in names if not NAME.fullmatch(name) or len(name) > MAX_NAME] == []
    assert len(by_key(found)) == len(found)
    assert [total for each in found for total in budgets(each) if total > GROVE_BUDGET] == []


def budgets(manifest: Manifest) -> Iterator[int]:
    """Yield how many characters set, group and clique have together, for each clique."""
    if manifest["kind"] != "PodCliqueSet":
        return
    template = manifest["spec"]["template"]
    groups = {
        clique: group["name"] for group in template.get("podCliqueScalingGroups", ()) for clique in group["cliqueNames"]
    }
    for clique in template["cliques"]:
        yield len(manifest["metadata"]["name"] + groups.get(clique["name"], "") + clique["name"])


@for_every_graph
@given(cases())
def test_names_depend_on_the_names_of_graph_and_services_alone(case: Case) -> None:
    changed = copy.deepcopy(case)
    for service in changed.graph["spec"]["services"].values():
        service["envs"] = [{"name": "NEW", "value": "1"}]
        service["extraPodMetadata"] = {"labels": {"new": "1"}}

    assert by_key(rendered(changed)).keys() == by_key(rendered(case)).keys()


@for_every_graph
@given(cases())
def test_labels_are_valid(case: Case) -> None:
    labels = [each["metadata"].get("labels", {}) for each in rendered(case)]
    labels += [pod for each in rendered(case) for pod in pods_of(each)]

    values = {value for each in labels for value in each.values()}

    assert [value for value in values if not LABEL.fullmatch(value) or len(value) > MAX_NAME] == []


# Who selects and owns what


@pytest.mark.rule("W-21", "workloads 5.10 #1", "workloads 7.2 spec.selector.matchLabels")
@for_every_graph
@given(cases())
def test_a_deployment_selects_its_own_pods_and_no_others(case: Case) -> None:
    found = [each for each in rendered(case) if each["kind"] == "Deployment"]
    selectors = [each["spec"]["selector"]["matchLabels"] for each in found]
    pods = [each["spec"]["template"]["metadata"]["labels"] for each in found]

    selected = [[labels.items() >= selector.items() for labels in pods] for selector in selectors]

    assert selected == [[one is other for other in found] for one in found]


@pytest.mark.rule("W-36", "W-20")
@for_every_graph
@given(cases())
def test_the_service_of_a_component_selects_the_pods_that_answer_for_it_and_no_others(case: Case) -> None:
    found = rendered(case)
    pods = [pod for each in found for pod in pods_of(each)]
    expected = {component_name(case.graph["metadata"]["name"], name): name for name in case.graph["spec"]["services"]}

    selected = {
        each["metadata"]["name"]: {
            pod["nvidia.com/dynamo-component"] for pod in pods if pod.items() >= each["spec"]["selector"].items()
        }
        for each in found
        if each["kind"] == "Service" and each["metadata"]["name"] in expected
    }

    present = {pod["nvidia.com/dynamo-component"] for pod in pods}  # none of a gang with no replicas
    assert selected == {name: {expected[name]} & present for name in selected}


@pytest.mark.rule("W-49", "workloads 4.1 owner", "workloads 9.1 #2")
@for_every_graph
@given(cases())
def test_every_object_is_controlled_by_the_graph_or_by_a_component_of_it(case: Case) -> None:
    found = rendered(case)
    name = case.graph["metadata"]["name"]
    owners = {("DynamoGraphDeployment", name)} | {key for key in by_key(found) if key[0] == COMPONENT}

    controllers = [
        [(owner["kind"], owner["name"]) for owner in each["metadata"]["ownerReferences"] if owner.get("controller")]
        for each in found
    ]

    assert [each for each in controllers if len(each) != 1 or each[0] not in owners] == []


# Stable under what the API server does, and under removal


def defaulted(schema: dict[str, Any], value: Any) -> Any:
    """Return a document with the defaults that its schema gives, as an API server stores it."""
    if isinstance(value, list):
        return [defaulted(schema.get("items", {}), each) for each in value]
    if not isinstance(value, dict):
        return value
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", {})
    found = {key: defaulted(properties.get(key, others), each) for key, each in value.items()}
    return found | {key: each["default"] for key, each in properties.items() if "default" in each and key not in value}


def applied(manifest: Manifest) -> Manifest:
    """Return an object as it is read after it was applied: with defaults, server-side metadata and a status."""
    stored = defaulted(SCHEMAS[manifest["kind"]], manifest)
    metadata = {**stored["metadata"], "resourceVersion": "7", "generation": 3, "managedFields": [{"manager": "x"}]}
    return {**stored, "metadata": metadata, "status": {"state": "pending", "conditions": []}}


@for_every_graph
@given(cases())
def test_what_was_applied_renders_as_what_was_written(case: Case) -> None:
    stored = Case(applied(case.graph), case.platform, case.surroundings)
    components = [each for each in rendered(case) if each["kind"] == COMPONENT]

    children = [component_children(each, case.platform, case.surroundings).manifests for each in components]
    again = [component_children(applied(each), case.platform, case.surroundings).manifests for each in components]

    assert settled(rendered(stored)) == settled(rendered(case))
    assert again == children


def settled(manifests: tuple[Manifest, ...]) -> list[Any]:
    """Return objects with the defaults of the API, which say the same as nothing."""
    return [defaulted(SCHEMAS.get(each["kind"], {}), each) for each in manifests]


@pytest.mark.rule("workloads 7.8 service removed from DGD (webhook bypassed)")
@for_every_graph
@given(cases(min_services=2))
def test_removing_a_service_removes_exactly_its_objects(case: Case) -> None:
    name, *_ = sorted(case.graph["spec"]["services"])
    before, after = by_key(rendered(case)), by_key(rendered(case.without(name)))
    own = component_name(case.graph["metadata"]["name"], name)

    gone = {key: each for key, each in before.items() if key not in after}

    assert after.keys() <= before.keys()
    assert [key for key in gone if not belongs(key, own)] == []
    assert [key for key in after if belongs(key, own) and not owned_by_another(case, key, own)] == []
    assert {key: each for key, each in after.items() if key[0] != "PodCliqueSet"} == {
        key: before[key] for key in after if key[0] != "PodCliqueSet"
    }


def belongs(key: tuple[str, str], component: str) -> bool:
    """Say whether an object is named after a component, or after one replica of it."""
    return key[1] == component or re.fullmatch(rf"{re.escape(component)}-\d+", key[1]) is not None


def owned_by_another(case: Case, key: tuple[str, str], component: str) -> bool:
    """Say whether another service has the object's name by chance (`w` with a replica 1, and `w-1`)."""
    names = {component_name(case.graph["metadata"]["name"], name) for name in case.graph["spec"]["services"]}
    return any(belongs(key, other) for other in names - {component})


RICH: dict[str, Any] = {
    "Frontend": {"componentType": "frontend", "replicas": 1},
    "Decode": {
        "componentType": "decode",
        "multinode": {"nodeCount": 2},
        "resources": {"limits": {"gpu": "8"}},
        "envs": [{"name": "B", "value": "$(A)"}, {"name": "A", "value": "1"}],
        "extraPodSpec": {
            "nodeSelector": {"b": "1", "a": "2"},
            "mainContainer": {"command": ["python3", "-m", "dynamo.sglang"], "args": ["--model-path", "m"]},
        },
    },
    "Prefill": {"componentType": "prefill", "labels": {"b": "1", "a": "2"}, "modelRef": {"name": "m"}},
}


@pytest.mark.rule("workloads 12 Determinism #1", "W-59")
@pytest.mark.parametrize("offers", OFFERS, ids=lambda offers: "+".join(offers) or "plain")
def test_a_hundred_renderings_of_shuffled_documents_are_byte_for_byte_the_same(offers: tuple[Capability, ...]) -> None:
    platform = PLATFORM.with_capabilities(offers)
    graph = a_graph(RICH, envs=[{"name": "Z", "value": "1"}])
    dice = random.Random(1)

    found = {canonical(list(render(shuffled(graph, dice), platform))) for _ in range(100)}

    assert len(found) == 1
