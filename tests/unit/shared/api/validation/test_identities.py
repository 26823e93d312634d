"""Only listed identities may set replicas that a scaling adapter owns."""

from __future__ import annotations

import pytest

from shared.api.validation.identities import Policy, may_set_replicas

OWN = "system:serviceaccount:dynamo-system:dynamo-platform-dynamo-operator-controller-manager"
SHORT = "system:serviceaccount:dynamo-system:dynamo-operator-controller-manager"
OTHER_RELEASE = "system:serviceaccount:custom-ns:my-release-controller-manager"


@pytest.mark.rule("T-X-12", "D-09", *(f"ID-{number:02}" for number in range(1, 15)))
@pytest.mark.parametrize(
    ("username", "own", "namespace", "allowed"),
    [
        pytest.param(OWN, OWN, "user-ns", True, id="ID-01"),
        pytest.param(SHORT, SHORT, "user-ns", True, id="ID-02"),
        pytest.param(OTHER_RELEASE, OTHER_RELEASE, "user-ns", True, id="ID-03"),
        pytest.param(
            "system:serviceaccount:other-ns:dynamo-operator-controller-manager", SHORT, "user-ns", False, id="ID-04"
        ),
        pytest.param("system:serviceaccount:user-ns:planner-serviceaccount", OWN, "user-ns", True, id="ID-05"),
        pytest.param("system:serviceaccount:other-ns:planner-serviceaccount", "", "user-ns", False, id="ID-06"),
        pytest.param("system:serviceaccount:user-ns:some-random-sa", OWN, "user-ns", False, id="ID-07"),
        pytest.param("admin@example.com", OWN, "user-ns", False, id="ID-08"),
        pytest.param("system:serviceaccount:only-three-parts", OWN, "user-ns", False, id="ID-09"),
        pytest.param("system:serviceaccount:ns:dynamo-operator-controller-manager", "", "user-ns", False, id="ID-10"),
        pytest.param(
            "system:serviceaccount:evil:x-dynamo-operator-controller-manager", OWN, "user-ns", False, id="ID-11"
        ),
        pytest.param("system:serviceaccount:evil:my-planner-serviceaccount", OWN, "evil", False, id="ID-12"),
        pytest.param("kubernetes-admin", OWN, "user-ns", False, id="ID-13"),
        pytest.param("", OWN, "user-ns", False, id="ID-14"),
        pytest.param("", "", "", False, id="ID-14 without any namespace"),
    ],
)
def test_an_identity_may_set_replicas_only_when_it_is_listed(
    username: str, own: str, namespace: str, allowed: bool
) -> None:
    policy = Policy(principals=frozenset({own} - {""}))

    assert may_set_replicas(username, namespace=namespace, policy=policy) is allowed


@pytest.mark.rule("D-10")
@pytest.mark.parametrize(
    ("username", "allowed"),
    [
        pytest.param(
            "system:serviceaccount:evil:x-dynamo-operator-controller-manager", True, id="suffix of the operator"
        ),
        pytest.param("system:serviceaccount:evil:my-planner-serviceaccount", True, id="suffix of the planner"),
        pytest.param(SHORT, False, id="no dash in front of the suffix"),
        pytest.param("system:serviceaccount:planner-serviceaccount", False, id="three parts"),
        pytest.param("user:x:y:planner-serviceaccount", False, id="no service account"),
    ],
)
def test_the_compatibility_setting_restores_the_rule_on_suffixes(username: str, allowed: bool) -> None:
    policy = Policy(legacy_suffix_match=True)

    assert may_set_replicas(username, namespace="user-ns", policy=policy) is allowed
