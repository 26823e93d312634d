"""Our definitions accept what the reference's accept, and look the same to users.

Where we differ on purpose, the difference is named here: the DCD column that reads a field which exists (workloads
W-03), three columns on graphs (UP-01), the uninstall policy on worker metadata (UP-02), and `observedGeneration`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest
import yaml

from shared.api.crds import DEFINITIONS, Definition, crd, file_name
from tests.conformance import Conformance

ALL = [pytest.param(each, id=each.short_name) for each in DEFINITIONS]
OWN_COLUMNS = {
    "dgd": [
        {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
        {"name": "Backend", "type": "string", "jsonPath": ".spec.backendFramework"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ],
}
FIXED_PATHS = {".spec.dynamoComponent": ".spec.serviceName"}
OWN_FIELDS = {".status.observedGeneration"}
EMBEDDED = "x-kubernetes-preserve-unknown-fields"
FACETS = (
    "type",
    "format",
    "minimum",
    "minLength",
    "maxLength",
    "maxItems",
    "maxProperties",
    "pattern",
    "default",
    "x-kubernetes-int-or-string",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-validations",
)


def reference(conformance: Conformance, definition: Definition) -> dict[str, Any]:
    text = (conformance.data / "crds" / file_name(definition)).read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def version(definition: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = definition["spec"]["versions"][0]
    return found


def schema(definition: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = version(definition)["schema"]["openAPIV3Schema"]
    return found


def differences(theirs: dict[str, Any], ours: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield what users of the reference would notice; what we embed is open and is not looked into."""
    for facet in FACETS:
        if theirs.get(facet) != ours.get(facet):
            yield f"{path}: {facet} {theirs.get(facet)!r} became {ours.get(facet)!r}"
    if set(theirs.get("enum", ())) != set(ours.get("enum", ())):
        yield f"{path}: enum {theirs.get('enum')!r} became {ours.get('enum')!r}"
    if ours.get(EMBEDDED):
        return
    if set(theirs.get("required", ())) != set(ours.get("required", ())):
        yield f"{path}: required {theirs.get('required')!r} became {ours.get('required')!r}"
    their_fields, our_fields = theirs.get("properties", {}), ours.get("properties", {})
    yield from (f"{path}.{name}: missing" for name in their_fields.keys() - our_fields.keys())
    yield from (
        f"{path}.{name}: unknown to the reference"
        for name in our_fields.keys() - their_fields.keys()
        if f"{path}.{name}" not in OWN_FIELDS
    )
    for name in their_fields.keys() & our_fields.keys():
        yield from differences(their_fields[name], our_fields[name], f"{path}.{name}")
    for keyword in ("items", "additionalProperties"):
        if keyword in theirs and keyword in ours:
            yield from differences(theirs[keyword], ours[keyword], f"{path}[]")


@pytest.mark.rule(
    "UP-01",
    "CC-03",
    "CC-04",
    "workloads 2 #1",
    "workloads 2 DynamoGraphDeployment",
    "workloads 2 DynamoComponentDeployment",
)
@pytest.mark.parametrize("definition", ALL)
def test_names_scope_versions_and_subresources_are_those_of_the_reference(
    conformance: Conformance, definition: Definition
) -> None:
    theirs, ours = reference(conformance, definition), crd(definition)

    assert ours["metadata"]["name"] == theirs["metadata"]["name"]
    assert ours["spec"]["names"] == theirs["spec"]["names"]
    assert ours["spec"]["scope"] == theirs["spec"]["scope"]
    assert [version(ours)[key] for key in ("name", "served", "storage")] == ["v1alpha1", True, True]
    assert version(ours).get("subresources") == version(theirs).get("subresources")


@pytest.mark.rule(
    "UP-01", "CC-05", "workloads 2 DynamoGraphDeployment", "workloads 2 DynamoComponentDeployment", "W-03"
)
@pytest.mark.parametrize("definition", ALL)
def test_columns_are_those_of_the_reference(conformance: Conformance, definition: Definition) -> None:
    theirs = version(reference(conformance, definition)).get("additionalPrinterColumns", [])
    wanted = OWN_COLUMNS.get(
        definition.short_name,
        [
            {
                "name": each["name"],
                "type": each["type"],
                "jsonPath": FIXED_PATHS.get(each["jsonPath"], each["jsonPath"]),
            }
            for each in theirs
        ],
    )

    assert version(crd(definition))["additionalPrinterColumns"] == wanted


@pytest.mark.rule(
    "UP-01",
    "UP-05",
    "workloads 2.1 backendFramework",
    "workloads 2.1 envs",
    "workloads 2.1 pvcs",
    "workloads 2.1 pvcs[].name",
    "workloads 2.1 pvcs[].create",
    "workloads 2.1 pvcs[].size",
    "workloads 2.1 pvcs[].storageClass, pvcs[].volumeAccessMode",
    "workloads 2.1 services",
    "workloads 2.2 #1",
    "workloads 2.3 annotations, labels",
    "workloads 2.3 ingress",
    "workloads 2.3 extraPodSpec",
    "workloads 2.3 multinode.nodeCount",
    "workloads 2.3 scalingAdapter.enabled",
    "workloads 2.4 #1",
    "workloads 2.4 #2",
    "workloads 2.4 #3",
)
@pytest.mark.parametrize("definition", ALL)
def test_fields_and_their_limits_are_those_of_the_reference(conformance: Conformance, definition: Definition) -> None:
    theirs, ours = reference(conformance, definition), crd(definition)

    assert sorted(differences(schema(theirs), schema(ours))) == []


@pytest.mark.rule("UP-05")
def test_every_manifest_of_the_reference_is_accepted_and_kept_whole(conformance: Conformance) -> None:
    definitions = {each.resource.kind: each for each in DEFINITIONS}
    documents = [
        (definitions[document["kind"]], document)
        for path in sorted((conformance.data / "manifests").rglob("*.yaml"))
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
        if document and document["kind"] in definitions
    ]

    refused = [
        f"{document['metadata']['name']}: {error.message}"
        for definition, document in documents
        for error in jsonschema.Draft202012Validator(schema(crd(definition))).iter_errors(document)
    ]
    changed = [
        document["metadata"]["name"]
        for definition, document in documents
        if definition.model.parse(document).dump() != document
    ]

    assert len(documents) >= 38
    assert (refused, changed) == ([], [])
