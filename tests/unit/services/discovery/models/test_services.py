"""The Service of a model: one for all that use it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.discovery.models.services import User, key_of, model_service, primary
from shared.contracts.keys import model_hash, model_key
from shared.core.objects import owners_of
from shared.core.resources import COMPONENTS, GRAPHS, Ref

QWEN = "Qwen/Qwen3-0.6B"
KEY = model_key("team", model_hash(QWEN))


def a_user(name: str = "chat", *, model: str = QWEN) -> User:
    """Return a graph that uses a model."""
    return User(Ref(GRAPHS, "team", name), f"uid-{name}", model)


@pytest.mark.rule("workloads 7.6 #1")
@pytest.mark.rule("workloads 1.2 nvidia.com/managed-by")
@pytest.mark.rule("workloads 1.2 nvidia.com/dynamo-base-model-hash")
def test_is_headless_and_selects_the_pods_of_the_model() -> None:
    service = model_service(primary(KEY), [a_user()])

    assert service["metadata"]["name"] == "dynamo-model-fb68f5a6"
    assert service["metadata"]["labels"] == {
        "nvidia.com/dynamo-base-model-hash": "fb68f5a6",
        "nvidia.com/managed-by": "dynamo-operator",
    }
    assert service["metadata"]["annotations"] == {"nvidia.com/dynamo-base-model": QWEN}
    assert service["spec"] == {
        "clusterIP": "None",
        "selector": {"nvidia.com/dynamo-base-model-hash": "fb68f5a6"},
        "ports": [{"name": "system", "port": 9090, "targetPort": 9090, "protocol": "TCP"}],
    }


@pytest.mark.rule("workloads 7.6 #1")
@pytest.mark.parametrize(
    ("model", "code"),
    [(QWEN, "fb68f5a6"), ("meta-llama/Llama-3.1-8B-Instruct", "08a20b29"), ("test-model", "61f401bc")],
)
def test_is_named_after_the_hash_of_the_model_s_name(model: str, code: str) -> None:
    assert primary(model_key("team", model_hash(model))).name == f"dynamo-model-{code}"


@pytest.mark.rule("W-37")
def test_has_one_owner_for_each_user_and_no_controller() -> None:
    component = User(Ref(COMPONENTS, "team", "chat-w"), "uid-w", QWEN)

    service = model_service(primary(KEY), [component, a_user("code"), a_user("chat")])

    owners = owners_of(service)
    assert {(each.kind, each.name, each.uid) for each in owners} == {
        ("DynamoGraphDeployment", "chat", "uid-chat"),
        ("DynamoGraphDeployment", "code", "uid-code"),
        ("DynamoComponentDeployment", "chat-w", "uid-w"),
    }
    assert not any(each.is_controller for each in owners)


@settings(max_examples=30, deadline=None)
@given(st.permutations([a_user("a"), a_user("b"), a_user("b", model="other"), a_user("c")]))
def test_is_the_same_in_whatever_order_its_users_come(users: list[User]) -> None:
    service = model_service(primary(KEY), users)

    assert service == model_service(primary(KEY), sorted(users))
    assert [each.name for each in owners_of(service)] == ["a", "b", "c"]


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(("team", "other")), st.text(min_size=1, max_size=20))
def test_a_service_tells_the_key_it_is_of(namespace: str, model: str) -> None:
    key = model_key(namespace, model_hash(model))

    assert key_of(primary(key)) == key
