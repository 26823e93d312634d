"""Core kinds get what the server fills in, and are refused what it refuses."""

import pytest

from lab.apiserver.documents import Document
from lab.apiserver.strategies import core
from lab.apiserver.strategies.addresses import AddressPool, keep_addresses
from lab.apiserver.strategies.strategy import Check


def test_plain_text_of_a_secret_becomes_data() -> None:
    secret: Document = {"data": {"a": "eA=="}, "stringData": {"b": "y"}}

    core.default_secret(secret)

    assert secret == {"type": "Opaque", "data": {"a": "eA==", "b": "eQ=="}}


def test_data_of_a_secret_is_base64() -> None:
    assert core.check_secret({"data": {"a": "!"}}, None)[0].field == "data[a]"


@pytest.mark.parametrize("check", [core.check_secret, core.check_config_map])
def test_what_is_sealed_stays(check: Check) -> None:
    live = {"immutable": True, "data": {"a": "eA=="}}

    assert [cause.field for cause in check({"data": {}}, live)] == ["data", "immutable"]


def test_each_service_gets_an_address_of_its_own_and_keeps_it() -> None:
    pool = AddressPool()
    services: list[Document] = [{"spec": {"type": "ClusterIP"}} for _ in range(3)]

    for service in services:
        pool.assign(service)
    changed: Document = {"spec": {"type": "ClusterIP"}}
    keep_addresses(changed, services[0])

    assert len({service["spec"]["clusterIP"] for service in services}) == 3
    assert changed["spec"]["clusterIP"] == services[0]["spec"]["clusterIP"]


def test_a_headless_service_stays_headless() -> None:
    service: Document = {"spec": {"type": "ClusterIP", "clusterIP": "None"}}

    AddressPool().assign(service)

    assert service["spec"]["clusterIPs"] == ["None"]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param({}, "spec.ports", id="no ports"),
        pytest.param({"ports": [{"port": 0}]}, "spec.ports[0].port", id="a port out of range"),
        pytest.param({"ports": [{"port": 1}, {"port": 2}]}, "spec.ports[0].name", id="two ports without names"),
    ],
)
def test_a_service_that_nobody_can_reach_is_refused(spec: Document, field: str) -> None:
    assert core.check_service({"spec": spec}, None)[0].field == field


def test_a_binding_never_gets_another_role() -> None:
    live = {"roleRef": {"kind": "Role", "name": "a"}}

    causes = core.check_binding({"roleRef": {"kind": "Role", "name": "b"}}, live)

    assert causes[0].message.endswith("cannot change roleRef")
