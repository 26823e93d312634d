"""The schemas of built-in kinds: that they are there, and what they say about lists."""

from __future__ import annotations

import pytest

from lab.apiserver.schemas.builtin import builtin_schema
from lab.apiserver.schemas.schema import Schema, Shape


def node(group: str, version: str, kind: str, path: str) -> Schema:
    """Return the node at a path of a built-in kind; a star stands for the items of a list."""
    found = builtin_schema(group, version, kind)
    for name in path.split("."):
        assert found is not None
        found = found.items if name == "*" else found.properties[name]
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("kind", "path", "shape", "keys"),
    [
        pytest.param(("", "v1", "Pod"), "spec.containers", Shape.KEYED, ("name",), id="containers"),
        pytest.param(("", "v1", "Pod"), "spec.containers.*.args", Shape.LEAF, (), id="arguments"),
        pytest.param(
            ("", "v1", "Pod"), "spec.containers.*.ports", Shape.KEYED, ("containerPort", "protocol"), id="ports"
        ),
        pytest.param(("", "v1", "Pod"), "spec.tolerations", Shape.LEAF, (), id="tolerations"),
        pytest.param(("", "v1", "Pod"), "metadata.finalizers", Shape.SET, (), id="finalizers"),
        pytest.param(("", "v1", "Pod"), "metadata.ownerReferences", Shape.KEYED, ("uid",), id="owners"),
        pytest.param(("", "v1", "Service"), "spec.selector", Shape.LEAF, (), id="selectors of services"),
        pytest.param(("apps", "v1", "Deployment"), "spec.selector", Shape.LEAF, (), id="label selectors"),
        pytest.param(("apps", "v1", "Deployment"), "status.conditions", Shape.KEYED, ("type",), id="conditions"),
        pytest.param(("", "v1", "ConfigMap"), "data", Shape.MAP, (), id="data"),
        pytest.param(("discovery.k8s.io", "v1", "EndpointSlice"), "endpoints", Shape.LEAF, (), id="endpoints"),
    ],
)
def test_lists_merge_as_published(kind: tuple[str, str, str], path: str, shape: Shape, keys: tuple[str, ...]) -> None:
    found = node(*kind, path)

    assert (found.shape, found.keys) == (shape, keys)


def test_the_protocol_of_a_port_has_a_default_key() -> None:
    assert node("", "v1", "Pod", "spec.containers.*.ports").key_defaults == {"protocol": "TCP"}
    assert node("", "v1", "Service", "spec.ports").key_defaults == {"protocol": "TCP"}


def test_quantities_and_target_ports_are_numbers_or_strings() -> None:
    limits = node("", "v1", "Pod", "spec.containers.*.resources.limits").additional

    assert limits is not None
    assert limits.int_or_string
    assert node("", "v1", "Service", "spec.ports.*.targetPort").int_or_string


def test_patch_strategies_come_along() -> None:
    volumes = node("", "v1", "Pod", "spec.volumes")

    assert volumes.patch_strategies == {"merge", "retainKeys"}
    assert volumes.patch_merge_key == "name"


def test_a_kind_is_compiled_once_and_shares_what_others_use() -> None:
    assert builtin_schema("apps", "v1", "Deployment") is builtin_schema("apps", "v1", "Deployment")
    assert node("apps", "v1", "Deployment", "spec.template") is node("apps", "v1", "ReplicaSet", "spec.template")


def test_schemas_that_contain_themselves_end() -> None:
    properties = node(
        "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "spec.versions.*.schema.openAPIV3Schema.properties"
    )

    assert properties.additional is node(
        "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "spec.versions.*.schema.openAPIV3Schema"
    )


def test_what_is_not_built_in_has_no_schema() -> None:
    assert builtin_schema("example.com", "v1", "Box") is None
