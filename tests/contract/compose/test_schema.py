"""docker-compose.yml is well formed, and gives away nothing that it need not."""

import re

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types

from tests.contract.compose.compose_schema import SCHEMA
from tests.contract.compose.reading import OWN_CLUSTER, Service, raw_document, services

ALL = services()
OWN = {name: service for name, service in ALL.items() if service.target}


def errors(document: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(SCHEMA).iter_errors(document)]


def test_the_file_satisfies_the_compose_schema() -> None:
    assert errors(raw_document()) == []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"comand": ["x"]}, id="an unknown key"),
        pytest.param({"command": "nats-server"}, id="a command that a shell would split"),
        pytest.param({"environment": {"PORT": 8080}}, id="a number as the value of a variable"),
        pytest.param({"healthcheck": {"test": ["curl", "x"]}}, id="a health check without its form"),
        pytest.param({"ports": ["4222"]}, id="a port without an address"),
    ],
)
def test_the_schema_refuses(change: dict[str, object]) -> None:
    assert errors({"services": {"one": {"image": "one", **change}}}) != []


@pytest.mark.parametrize("service", ALL.values(), ids=ALL)
def test_ports_are_published_on_the_loopback_address_only(service: Service) -> None:
    assert {port.address for port in service.ports} <= {"127.0.0.1"}


def test_no_port_of_the_host_is_published_twice() -> None:
    published = [port.published for service in ALL.values() for port in service.ports]

    assert len(published) == len(set(published))


@pytest.mark.parametrize("service", ALL.values(), ids=ALL)
def test_a_container_can_change_nothing_but_its_volumes(service: Service) -> None:
    assert service.raw["read_only"] is True
    assert service.raw["tmpfs"] == ["/tmp"]
    assert service.raw["cap_drop"] == ["ALL"]
    assert service.raw["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("service", OWN.values(), ids=OWN)
def test_our_processes_run_under_a_number_that_is_not_root(service: Service) -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service.raw["user"])


@pytest.mark.parametrize("service", ALL.values(), ids=ALL)
def test_no_service_depends_on_another_one_to_start(service: Service) -> None:
    assert "depends_on" not in service.raw


def test_every_named_volume_is_declared_and_used() -> None:
    used = {
        mount.source for service in ALL.values() for mount in service.mounts if not mount.source.startswith((".", "/"))
    }

    assert used == set(raw_document()["volumes"])


def test_the_lab_is_on_by_default_and_off_for_an_own_cluster() -> None:
    assert set(ALL) - set(services(OWN_CLUSTER)) == {"apiserver", "simulator"}


@pytest.mark.parametrize("service", ALL.values(), ids=ALL)
def test_what_goes_on_has_a_health_check(service: Service) -> None:
    ends_or_only_reads = service.name in {"base", "events"}

    assert bool(service.health) is not ends_or_only_reads
