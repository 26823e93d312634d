"""Every variable, port, command, path and address in docker-compose.yml exists in the code."""

import asyncio
import importlib.util
import re
from collections.abc import Iterator
from urllib.request import urlopen

import pytest
import typer.main

from cli.app import application
from lab.apiserver.settings import parse_settings
from lab.simulator.settings import settings as simulator_settings
from services.discovery.settings import DiscoverySettings
from services.rbac.settings import RbacSettings
from services.reconciler.settings import ReconcilerSettings
from services.watcher.settings import WatcherSettings
from services.webhook.settings import WebhookSettings
from shared.runtime.health import Readiness, serve_health
from shared.runtime.settings import ServiceSettings, load, names_of
from tests.contract.compose.reading import OWN_CLUSTER, ROOT, Service, services

ALL = services()
ON_OWN_CLUSTER = services(OWN_CLUSTER)
ROOMS: dict[str, type[ServiceSettings]] = {
    "watcher": WatcherSettings,
    "reconciler": ReconcilerSettings,
    "rbac": RbacSettings,
    "discovery": DiscoverySettings,
    "webhook": WebhookSettings,
}
COMMANDS = [ALL[name] for name in ("base", "events")]
each_room = pytest.mark.parametrize("room", ROOMS)


def settings_of(service: Service) -> ServiceSettings:
    return load(ROOMS[service.name], service.name, arguments=service.command[3:], environment=service.environment)


@each_room
def test_every_variable_is_a_setting_of_its_service(room: str) -> None:
    names = names_of(ROOMS[room], room)
    known = {names.variable(field) for field in names.fields} | set(names.aliases.values())

    assert set(ALL[room].environment) <= known


@each_room
def test_the_settings_of_each_service_are_accepted(room: str) -> None:
    settings = settings_of(ALL[room])

    assert settings.bind_address == "0.0.0.0"
    assert settings.log_format == "json"


@each_room
def test_published_ports_are_the_ports_that_a_service_listens_on(room: str) -> None:
    settings = settings_of(ALL[room])
    listened = [settings.health_port, *([settings.admission_port] if isinstance(settings, WebhookSettings) else [])]

    assert [port.inside for port in ALL[room].ports] == listened


@each_room
def test_addresses_name_a_service_and_a_port_of_it(room: str) -> None:
    settings = settings_of(ALL[room])
    addresses = [*settings.nats_url, *settings.etcd_endpoints]

    assert [address for address in addresses if not _is_served(address)] == []


@each_room
@pytest.mark.asyncio
async def test_the_health_check_asks_what_a_service_answers(room: str) -> None:
    found = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", ALL[room].health[-1])
    assert found is not None

    async with serve_health(Readiness(room)) as port:
        answer = await asyncio.to_thread(urlopen, f"http://127.0.0.1:{port}{found[2]}", timeout=3)

    assert answer.status == 200
    assert int(found[1]) == settings_of(ALL[room]).health_port


@pytest.mark.parametrize(
    "service", [each for each in ALL.values() if each.command[:1] == ("python",)], ids=lambda service: service.name
)
def test_every_module_that_is_run_exists(service: Service) -> None:
    assert service.command[1] == "-m"
    assert importlib.util.find_spec(f"{service.command[2]}.__main__") is not None


def test_the_lab_server_accepts_its_arguments_and_listens_on_the_published_port() -> None:
    settings = parse_settings(ALL["apiserver"].command[3:])

    assert [settings.port] == [port.inside for port in ALL["apiserver"].ports]
    assert settings.advertise == ("apiserver",)
    assert str(settings.kubeconfig_out) == ALL["apiserver"].environment["KUBECONFIG"]


def test_the_simulator_accepts_its_arguments_and_writes_what_its_check_looks_for() -> None:
    settings = simulator_settings(ALL["simulator"].command[3:])

    assert str(settings.kubeconfig) == ALL["apiserver"].environment["KUBECONFIG"]
    assert str(settings.ready_file) == ALL["simulator"].health[-1]


@pytest.mark.parametrize("service", [*COMMANDS, ON_OWN_CLUSTER["base"]], ids=lambda service: " ".join(service.command))
def test_dynamoctl_accepts_its_arguments(service: Service) -> None:
    group = typer.main.get_command(application())
    name, *arguments = service.command

    command = group.get_command(typer.Context(group), name)  # type: ignore[attr-defined]  # a group has it

    assert command.make_context(name, arguments).args == []


@pytest.mark.parametrize("service", ALL.values(), ids=ALL)
def test_files_are_read_from_and_written_to_mounted_folders(service: Service) -> None:
    folders = ("/tmp", "/usr/local/bin", "/dev", *(mount.target for mount in service.mounts))

    assert [path for path in _paths(service) if not path.startswith(folders)] == []


@pytest.mark.parametrize("service", ALL.values(), ids=ALL)
def test_files_of_the_repository_that_are_mounted_exist(service: Service) -> None:
    files = [mount.source for mount in service.mounts if mount.source.startswith("./")]

    assert [file for file in files if not (ROOT / file).is_file()] == []


@pytest.mark.parametrize("room", [*ROOMS, "base"])
def test_an_own_cluster_is_reached_through_its_file_alone(room: str) -> None:
    service = ON_OWN_CLUSTER[room]
    mounted = next(mount for mount in service.mounts if mount.source == OWN_CLUSTER["KUBECONFIG_FILE"])
    used = service.environment.get("KUBECONFIG") or service.command[1].removeprefix("--kubeconfig=")

    assert used == mounted.target
    assert mounted.is_read_only


def test_the_webhook_is_registered_only_where_the_cluster_can_call_it() -> None:
    assert "--webhook" in ALL["base"].command
    assert "--no-webhook" in ON_OWN_CLUSTER["base"].command


def test_the_webhook_is_called_by_the_name_of_its_service() -> None:
    settings = settings_of(ALL["webhook"])

    assert isinstance(settings, WebhookSettings)
    assert settings.reachable_at == "webhook"


def _is_served(address: str) -> bool:
    found = re.fullmatch(r"\w+://([\w-]+):(\d+)", address)
    return found is not None and int(found[2]) in [port.inside for port in ALL[found[1]].ports]


def _paths(service: Service) -> Iterator[str]:
    texts = [*service.command, *service.environment.values(), *service.health]
    for text in texts:
        value = text.partition("=")[2] if text.startswith("--") else text
        if value.startswith("/") and not value.startswith("/readyz"):
            yield value
