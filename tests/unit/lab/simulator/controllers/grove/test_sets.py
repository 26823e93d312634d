"""What a PodCliqueSet becomes, and what its status says."""

import pytest

from lab.simulator.controllers.grove.sets import (
    headless_services,
    lone_cliques,
    scaling_groups,
    set_status,
    started_after,
)
from tests.unit.lab.simulator.controllers.grove.objects import a_clique, a_set, name_of
from tests.unit.lab.simulator.objects import Document

GROUP: Document = {"cliqueNames": ["ldr", "wkr"]}


def test_a_set_becomes_a_service_its_groups_and_the_cliques_outside_of_them() -> None:
    document = a_set(a_clique("front"), a_clique("ldr"), a_clique("wkr"), replicas=2, group=GROUP | {"replicas": 3})

    assert [*map(name_of, headless_services(document))] == ["graph-0", "graph-1"]
    assert [*map(name_of, lone_cliques(document))] == ["graph-0-front", "graph-1-front"]
    assert [*map(name_of, scaling_groups(document))] == ["graph-0-worker", "graph-1-worker"]
    assert next(scaling_groups(document))["spec"] == {
        "replicas": 3,
        "minAvailable": 1,
        "cliqueNames": ["ldr", "wkr"],
    }


def test_a_clique_carries_its_own_labels_and_those_that_find_it() -> None:
    (clique,) = lone_cliques(a_set(a_clique("front")))

    labels = clique["metadata"]["labels"]
    assert labels.pop("grove.io/pod-template-hash")
    assert labels == {
        "role": "front",
        "app.kubernetes.io/managed-by": "grove-operator",
        "app.kubernetes.io/part-of": "graph",
        "app.kubernetes.io/name": "graph-0-front",
        "app.kubernetes.io/component": "pcs-podclique",
        "grove.io/podcliqueset-replica-index": "0",
        "grove.io/podgang": "graph-0",
    }
    assert clique["metadata"]["annotations"]["note"] == "front"


@pytest.mark.parametrize(
    ("clique", "replica", "before"),
    [
        pytest.param("ldr", 1, ["graph-0-worker-1-wkr"], id="within its own replica of a group"),
        pytest.param("wkr", 0, ["graph-0-front"], id="after a clique outside of groups"),
        pytest.param("last", None, ["graph-0-worker-0-ldr", "graph-0-worker-1-ldr"], id="after the least of a group"),
        pytest.param("front", None, None, id="after nobody"),
    ],
)
def test_start_order_names_the_cliques_that_come_before(
    clique: str, replica: int | None, before: list[str] | None
) -> None:
    cliques = (
        a_clique("front"),
        a_clique("ldr", startsAfter=["wkr"]),
        a_clique("wkr", startsAfter=["front"]),
        a_clique("last", startsAfter=["ldr"]),
    )
    document = a_set(*cliques, group=GROUP | {"minAvailable": 2, "replicas": 2})
    template = next(each for each in cliques if each["name"] == clique)

    assert started_after(document, template, index=0, replica=replica)["spec"].get("startsAfter") == before


def test_in_order_each_clique_comes_after_the_one_before_it() -> None:
    document = a_set(a_clique("a"), a_clique("b"), cliqueStartupType="CliqueStartupTypeInOrder")

    first, second = lone_cliques(document)

    assert "startsAfter" not in first["spec"]
    assert second["spec"]["startsAfter"] == ["graph-0-a"]


def parts(ready: int, updated: int) -> tuple[list[Document], list[Document]]:
    document = a_set(a_clique("front", 2), a_clique("ldr"), a_clique("wkr"), group=GROUP)
    (clique,), (group,) = lone_cliques(document), scaling_groups(document)
    seen = {"updatedReplicas": updated, "observedGeneration": 0}
    clique["status"] = {"readyReplicas": ready, **seen}
    group["status"] = {"availableReplicas": 1, **seen}
    return [clique], [group]


@pytest.mark.parametrize(
    ("ready", "updated", "counts"),
    [
        pytest.param(1, 2, (1, 1), id="available with the least of each part"),
        pytest.param(0, 2, (0, 1), id="not without it"),
        pytest.param(2, 1, (1, 0), id="updated when all pods are"),
    ],
)
def test_a_replica_of_a_set_counts_as_its_parts_do(ready: int, updated: int, counts: tuple[int, int]) -> None:
    document = a_set(a_clique("front", 2), a_clique("ldr"), a_clique("wkr"), group=GROUP)

    status = set_status(document, *parts(ready, updated))

    assert (status["availableReplicas"], status["updatedReplicas"]) == counts
    assert (status["replicas"], status["observedGeneration"]) == (1, 2)
