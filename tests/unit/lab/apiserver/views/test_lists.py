"""Lists are put together from stored bytes."""

from lab.apiserver.documents import dumps, loads
from lab.apiserver.views.lists import list_body
from tests.unit.lab.apiserver.clusters import a_widget_resource, an_empty_cluster


def test_items_of_a_custom_resource_carry_their_type() -> None:
    item = {"apiVersion": "lab.example.com/v1", "kind": "Widget", "metadata": {"name": "a"}}

    listed = loads(list_body(a_widget_resource(), [dumps(item)], 7, token="more", remaining=3))

    assert listed["items"] == [item]
    assert listed["metadata"] == {"resourceVersion": "7", "continue": "more", "remainingItemCount": 3}


def test_items_of_a_built_in_kind_do_not() -> None:
    resource = an_empty_cluster().catalog.find("apps", "v1", "deployments")
    assert resource is not None
    item = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}}

    listed = loads(list_body(resource, [dumps(item)], 7))

    assert listed == {
        "kind": "DeploymentList",
        "apiVersion": "apps/v1",
        "metadata": {"resourceVersion": "7"},
        "items": [{"metadata": {"name": "a"}}],
    }
