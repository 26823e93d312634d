"""Which servers a run takes, and what is said about it."""

from pathlib import Path

import pytest

from tests.servers.choice import UnknownServersError, choose, headline, servers
from tests.servers.external import ExternalServers


@pytest.mark.parametrize(
    ("asked", "has_engine", "chosen"),
    [
        pytest.param("auto", True, "containers", id="auto takes containers when an engine answers"),
        pytest.param("auto", False, "wheels", id="auto takes wheels when none answers"),
        pytest.param("wheels", True, "wheels", id="wheels are taken although an engine answers"),
        pytest.param("containers", False, "containers", id="containers are taken without asking"),
        pytest.param("external", True, "external", id="given addresses are taken without asking"),
    ],
)
def test_chooses_the_way_to_run_servers(asked: str, has_engine: bool, chosen: str) -> None:
    assert choose(asked, engine_answers=lambda: has_engine) == chosen


def test_an_unknown_way_fails_the_run() -> None:
    with pytest.raises(UnknownServersError, match="expected one of auto, wheels, containers, external"):
        choose("podman", engine_answers=lambda: False)


def test_the_run_begins_with_choice_and_versions() -> None:
    line = headline(servers({"DYNAMO_TEST_SERVERS": "wheels"}))

    assert line.startswith("servers: wheels (nats 2.")


def test_an_external_etcd_endpoint_is_given_without_scheme(tmp_path: Path) -> None:
    given = ExternalServers({"DYNAMO_TEST_ETCD_ENDPOINTS": "http://10.0.0.1:2379,http://10.0.0.2:2379"})

    assert given.etcd(tmp_path).endpoint == "10.0.0.1:2379"
