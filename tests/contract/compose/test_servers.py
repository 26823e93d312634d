"""The servers of the tests are the servers of docker-compose.yml: image, version, arguments and ports."""

import re

import pytest

from lab.launcher.nats import MAX_PAYLOAD, NatsOptions
from tests.contract.compose.reading import ROOT, Service, services
from tests.servers.definitions import ETCD, NATS, ContainerDefinition

ALL = services()
ONLY_HERE = {  # what a stack that runs for weeks needs and a test does not
    "nats": ("--config=/etc/nats/dynamo.conf",),
    "etcd": ("--auto-compaction-retention=1h",),
}
SERVERS = pytest.mark.parametrize(
    ("service", "definition"),
    [pytest.param(ALL["nats"], NATS, id="nats"), pytest.param(ALL["etcd"], ETCD, id="etcd")],
)


@SERVERS
def test_image_and_version_are_those_of_the_tests(service: Service, definition: ContainerDefinition) -> None:
    assert service.image == definition.reference


@SERVERS
def test_arguments_are_those_of_the_tests(service: Service, definition: ContainerDefinition) -> None:
    assert service.command == (*definition.command, *ONLY_HERE[service.name])


@SERVERS
def test_ports_are_those_of_the_tests(service: Service, definition: ContainerDefinition) -> None:
    assert tuple(port.inside for port in service.ports) == definition.ports


def test_etcd_is_a_version_that_keeps_watches_and_leases_right() -> None:
    version = tuple(int(part) for part in ETCD.version.removeprefix("v").split("."))

    assert version[:2] == (3, 5)
    assert version >= (3, 5, 21)


def test_the_configuration_of_nats_is_that_of_a_local_stack() -> None:
    text = (ROOT / "services" / "nats-server.conf").read_text(encoding="utf-8")
    settings = dict(re.findall(r"(max_payload|sync_interval): (\w+)", text))

    assert settings["max_payload"] == MAX_PAYLOAD
    assert settings["sync_interval"] == f"{NatsOptions().sync_interval.total_seconds():g}s"
