"""Names, labels and rules of the grants."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rbac.grants import discovery, planner
from services.rbac.grants.labels import LABEL_LIMIT, labels_for, name_label
from shared.core import labels

NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,80}[a-z0-9])?", fullmatch=True)


@settings(max_examples=40, deadline=None)
@given(NAMES, NAMES)
def test_a_label_has_at_most_63_characters_and_tells_accounts_apart(one: str, other: str) -> None:
    assert len(name_label(one)) <= LABEL_LIMIT
    assert (name_label(one) == name_label(other)) == (one == other)


@pytest.mark.rule("D-21")
def test_a_long_name_keeps_its_beginning() -> None:
    label = name_label("a" * 70)

    assert label.startswith("a" * 54 + "-")
    assert len(label) == 63


@pytest.mark.parametrize(
    ("annotations", "default", "expected"),
    [
        ({}, "kubernetes", "kubernetes"),
        ({}, "etcd", "etcd"),
        ({labels.DISCOVERY_BACKEND: "etcd"}, "kubernetes", "etcd"),
        pytest.param({labels.DISCOVERY_BACKEND: "zookeeper"}, "etcd", "etcd", marks=pytest.mark.rule("D-23")),
    ],
)
def test_a_back_end_that_is_none_falls_back_to_the_default(
    annotations: dict[str, str], default: str, expected: str
) -> None:
    assert discovery.effective_backend(annotations, default) == expected


def test_the_grants_of_a_graph_are_controlled_by_it_and_refer_to_each_other() -> None:
    account, role, binding = discovery.grants("chat", "team", "u")

    owners = [each["metadata"]["ownerReferences"][0] for each in (account, role, binding)]
    assert {(owner["uid"], owner["controller"], owner["kind"]) for owner in owners} == {
        ("u", True, "DynamoGraphDeployment")
    }
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": account["metadata"]["name"], "namespace": "team"}]


def test_a_stand_in_grants_what_the_binding_grants() -> None:
    binding, stand_in = planner.role_binding("team", "r"), planner.stand_in("team", "r")

    assert {**stand_in, "metadata": binding["metadata"]} == binding
    assert stand_in["metadata"]["name"] == "planner-serviceaccount-binding-next"
    assert labels_for("a")["app.kubernetes.io/managed-by"] == "dynamo-operator"
