"""Discovery lists what is served, in the old form and in the new."""

from lab.apiserver.discovery.openapi import openapi_v3, openapi_v3_paths
from lab.apiserver.discovery.pages import Pages
from lab.apiserver.discovery.resources import aggregated, resource_list
from tests.unit.lab.apiserver.clusters import a_widget_resource, an_empty_cluster

CATALOG = an_empty_cluster().catalog
NEW_FORM = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def test_both_forms_list_the_same_resources() -> None:
    old = resource_list(CATALOG, "apps", "v1")
    new = aggregated(CATALOG, ["apps"], "v2")["items"][0]["versions"][0]["resources"]

    assert old is not None
    plain = {entry["name"]: entry["verbs"] for entry in old["resources"] if "/" not in entry["name"]}
    assert plain == {entry["resource"]: entry["verbs"] for entry in new}


def test_a_scale_subresource_is_of_another_group() -> None:
    listed = resource_list(CATALOG, "apps", "v1")

    assert listed is not None
    scale = next(entry for entry in listed["resources"] if entry["name"] == "deployments/scale")
    assert (scale["group"], scale["version"], scale["kind"]) == ("autoscaling", "v1", "Scale")


def test_every_group_version_has_its_schemas() -> None:
    document = openapi_v3(CATALOG, "lab.example.com", "v1")

    assert "apis/lab.example.com/v1" in openapi_v3_paths(CATALOG)["paths"]
    assert document is not None
    schema = document["components"]["schemas"]["com.example.lab.v1.Widget"]
    assert schema["x-kubernetes-group-version-kind"] == [
        {"group": "lab.example.com", "kind": "Widget", "version": "v1"}
    ]


def test_references_of_a_document_stay_inside_it() -> None:
    document = openapi_v3(CATALOG, "apps", "v1")

    assert document is not None
    assert "io.k8s.api.core.v1.PodSpec" in document["components"]["schemas"]


def test_pages_are_made_anew_when_the_catalog_changes() -> None:
    catalog = an_empty_cluster().catalog
    pages = Pages(catalog)
    before = pages.find("/apis", {"Accept": NEW_FORM})

    catalog.remove("lab.example.com", a_widget_resource().plural)
    after = pages.find("/apis", {"Accept": NEW_FORM})

    assert before is not None
    assert after is not None
    assert before.headers["ETag"] != after.headers["ETag"]
    assert pages.find("/apis/lab.example.com", {}) is None


def test_the_older_schemas_have_a_binary_form_for_kubectl() -> None:
    asked = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"

    binary = Pages(CATALOG).find("/openapi/v2", {"Accept": asked})
    plain = Pages(CATALOG).find("/openapi/v2", {"Accept": "application/json"})

    assert binary is not None
    assert (binary.media, binary.body[:5]) == (asked.replace("@", "."), b"\x0a\x032.0")
    assert plain is not None
    assert plain.body[:1] == b"{"
