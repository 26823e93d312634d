"""Owner references."""

from __future__ import annotations

from services.reconciler.desired.owners import owned, owner_of
from tests.unit.services.reconciler.desired.builders import a_graph


def test_a_child_names_its_controller_and_the_original_stays_as_it_was() -> None:
    child = {"metadata": {"name": "c"}}

    found = owned(child, owner_of(a_graph({})))

    assert found["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "nvidia.com/v1alpha1",
            "kind": "DynamoGraphDeployment",
            "name": "g",
            "uid": "graph-uid",
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
    assert child == {"metadata": {"name": "c"}}


def test_without_a_cluster_there_is_no_uid() -> None:
    graph = a_graph({})
    del graph["metadata"]["uid"]

    assert "uid" not in owned({"metadata": {}}, owner_of(graph))["metadata"]["ownerReferences"][0]
