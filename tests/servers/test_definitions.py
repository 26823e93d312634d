"""The container definitions can be built where no container engine runs."""

from pathlib import Path

from tests.servers.containers import ContainerServers, etcd_container, k3s_container, nats_container
from tests.servers.definitions import ETCD, K3S, NATS


def test_the_nats_container_has_the_defined_image_command_and_ports() -> None:
    container = nats_container()

    assert container.image == "nats:2.12-alpine"
    assert container._command == "--jetstream --store_dir=/data --http_port=8222"
    assert set(container.ports) == {str(port) for port in NATS.ports}


def test_the_etcd_container_has_the_defined_image_and_ports() -> None:
    container = etcd_container()

    assert container.image == ETCD.reference
    assert container._command.split() == list(ETCD.command)
    assert set(container.ports) == {"2379"}


def test_the_kubernetes_container_has_the_defined_image_and_is_privileged() -> None:
    container = k3s_container()

    assert container.image == K3S.reference
    assert container._kwargs == {"privileged": True}
    assert set(container.ports) == {"6443"}


def test_every_container_keeps_its_host_ports_over_a_restart() -> None:
    containers = [nats_container(), etcd_container(), k3s_container()]

    assert all(host_port for container in containers for host_port in container.ports.values())


def test_an_extra_configuration_reaches_the_nats_container() -> None:
    container = nats_container(Path("/somewhere/extra.conf"))

    assert container._command.endswith("--config=/etc/nats/extra.conf")
    assert container.volumes["/somewhere/extra.conf"]["bind"] == "/etc/nats/extra.conf"


def test_every_nats_container_takes_the_largest_payload_of_the_stack(tmp_path: Path) -> None:
    server = ContainerServers().nats(tmp_path, extra_configuration="debug: true")

    assert server.version == NATS.version
    assert (tmp_path / "extra.conf").read_text() == "max_payload: 8MB\ndebug: true\n"
