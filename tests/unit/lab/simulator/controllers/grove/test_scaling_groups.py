"""Which PodCliques a scaling group has, which of them are replaced, and what its status says."""

import pytest

from lab.simulator.controllers.grove.scaling_groups import group_cliques, group_status, surplus
from lab.simulator.controllers.grove.sets import scaling_groups
from tests.unit.lab.simulator.controllers.grove.objects import a_clique, a_set, name_of
from tests.unit.lab.simulator.objects import NOW, Document


def a_graph(replicas: int = 2, image: str = "app:1") -> Document:
    cliques = (a_clique("ldr", image=image), a_clique("wkr", 3, image=image))
    return a_set(*cliques, group={"cliqueNames": ["ldr", "wkr"], "replicas": replicas})


def a_group(graph: Document) -> Document:
    (group,) = scaling_groups(graph)
    group["metadata"]["uid"] = "uid-worker"
    return group


def wanted(graph: Document) -> list[Document]:
    return list(group_cliques(a_group(graph), graph))


def serving(cliques: list[Document], *away: str) -> list[Document]:
    return [
        clique | {"status": {"readyReplicas": 0 if name_of(clique) in away else 3, "scheduledReplicas": 3}}
        for clique in cliques
    ]


def test_each_replica_of_a_group_has_all_of_its_cliques() -> None:
    cliques = wanted(a_graph())

    assert [name_of(clique) for clique in cliques] == [
        "graph-0-worker-0-ldr",
        "graph-0-worker-0-wkr",
        "graph-0-worker-1-ldr",
        "graph-0-worker-1-wkr",
    ]
    assert [clique["metadata"]["labels"]["grove.io/podgang"] for clique in cliques] == [
        *["graph-0"] * 2,
        *["graph-0-worker-0"] * 2,
    ]
    assert cliques[3]["metadata"]["labels"]["grove.io/base-podgang"] == "graph-0"


def test_replicas_beyond_the_last_one_go() -> None:
    gone = surplus(a_group(a_graph(1)), wanted(a_graph(1)), serving(wanted(a_graph(2))))

    assert [name_of(clique) for clique in gone] == ["graph-0-worker-1-ldr", "graph-0-worker-1-wkr"]


@pytest.mark.parametrize(
    ("away", "replaced"),
    [
        pytest.param((), {"0"}, id="the first one when all serve"),
        pytest.param(("graph-0-worker-1-ldr",), {"1"}, id="one that serves nobody at once"),
    ],
)
def test_a_new_template_replaces_one_replica_at_a_time(away: tuple[str, ...], replaced: set[str]) -> None:
    new = a_graph(image="app:2")

    gone = surplus(a_group(new), wanted(new), serving(wanted(a_graph()), *away))

    indexes = {clique["metadata"]["labels"]["grove.io/podcliquescalinggroup-replica-index"] for clique in gone}
    assert (indexes, len(gone)) == (replaced, 2)


def test_a_replica_is_available_when_each_of_its_cliques_has_its_least() -> None:
    graph = a_graph()
    present = serving(wanted(graph), "graph-0-worker-1-wkr")

    status = group_status(a_group(graph), wanted(graph), present, NOW)

    assert (status["replicas"], status["availableReplicas"], status["scheduledReplicas"]) == (2, 1, 2)
    assert status["updatedReplicas"] == 2
    assert status["conditions"][0]["status"] == "False"
