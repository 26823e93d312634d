"""Definitions are refused for what could not be served, and accepted only under names that are free."""

from typing import Any

import pytest

from lab.apiserver.documents import Document
from lab.apiserver.strategies.definitions import check_definition, default_definition, prepare_definition
from lab.apiserver.strategies.naming import accepted_status, is_accepted
from tests.unit.lab.apiserver.clusters import a_definition


def _changed(**spec: Any) -> Document:
    definition = a_definition()
    return {**definition, "spec": {**definition["spec"], **spec}}


def test_a_good_definition_has_nothing_wrong() -> None:
    assert check_definition(a_definition(versions=("v1", "v2")), None) == []


def test_names_that_are_left_out_follow_from_the_kind() -> None:
    definition: Document = {"spec": {"names": {"plural": "widgets", "kind": "Widget"}}}

    default_definition(definition)

    assert definition["spec"]["names"]["singular"] == "widget"
    assert definition["spec"]["names"]["listKind"] == "WidgetList"


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param({"scope": "Galaxy"}, "spec.scope", id="an unknown scope"),
        pytest.param({"versions": []}, "spec.versions", id="no version"),
        pytest.param({"group": "other.example.com"}, "metadata.name", id="a name of another group"),
        pytest.param({"conversion": {"strategy": "Webhook"}}, "spec.conversion.webhookClientConfig", id="no webhook"),
        pytest.param({"preserveUnknownFields": True}, "spec.preserveUnknownFields", id="no pruning"),
        pytest.param(
            {"versions": [{"name": "v1", "served": True, "storage": True}]},
            "spec.versions[0].schema.openAPIV3Schema",
            id="no schema",
        ),
    ],
)
def test_what_could_not_be_served_is_refused(spec: Document, field: str) -> None:
    assert field in [cause.field for cause in check_definition(_changed(**spec), None)]


def test_groups_of_kubernetes_need_an_approval() -> None:
    definition = _changed(group="lab.k8s.io")
    definition["metadata"] = {"name": "widgets.lab.k8s.io"}

    causes = check_definition(definition, None)

    assert [cause.field for cause in causes] == ["metadata.annotations[api-approved.kubernetes.io]"]


def test_a_new_storage_version_is_remembered_and_the_old_one_stays_served() -> None:
    live = {**a_definition(versions=("v1",)), "status": {"storedVersions": ["v1"]}}
    changed = {**a_definition(versions=("v2",)), "status": live["status"]}

    prepare_definition(changed, live)

    assert changed["status"]["storedVersions"] == ["v1", "v2"]
    assert [cause.field for cause in check_definition(changed, live)] == ["status.storedVersions[0]"]


def test_names_in_use_keep_a_definition_from_being_established() -> None:
    taken = {"plural": "others", "kind": "Widget", "listKind": "WidgetList", "singular": "other"}

    status = accepted_status(a_definition(), [taken])

    assert not is_accepted(status)
    assert status["conditions"][0]["reason"] == "ListKindConflict"
    assert status["acceptedNames"] == {"plural": "widgets", "singular": "widget", "kind": ""}


def test_free_names_establish_it_and_settle() -> None:
    definition = a_definition()

    status = accepted_status(definition, [])

    assert is_accepted(status)
    assert accepted_status({**definition, "status": status}, []) == status
