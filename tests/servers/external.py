"""Servers that run already, at the addresses that the environment gives.

Invariant: they belong to somebody else, so a test that must crash or wipe one is skipped, never adapted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

NATS_VARIABLE = "DYNAMO_TEST_NATS_URL"
ETCD_VARIABLE = "DYNAMO_TEST_ETCD_ENDPOINTS"
KUBECONFIG_VARIABLE = "DYNAMO_TEST_KUBECONFIG"


class ExternalServer:
    """A server at a given address."""

    version = "as it runs"

    def __init__(self, address: str) -> None:
        self._address = address

    @property
    def url(self) -> str:
        """The address as it was given."""
        return self._address

    @property
    def monitoring_url(self) -> str:
        """Nothing is known of the statistics of somebody else's server."""
        return _skip("asked for its statistics")

    @property
    def endpoint(self) -> str:
        """The first of the given etcd endpoints, without a scheme."""
        return self._address.partition(",")[0].rpartition("//")[2]

    @property
    def kubeconfig(self) -> Path:
        """The given kubeconfig."""
        return Path(self._address)

    def start(self) -> None:
        """It runs already."""

    def stop(self) -> None:
        """It stays running."""

    def kill(self) -> None:
        """Skip the test."""
        _skip("killed")

    def restart(self) -> None:
        """Skip the test."""
        _skip("restarted")

    def pause(self) -> None:
        """Skip the test."""
        _skip("paused")

    def resume(self) -> None:
        """Skip the test."""
        _skip("resumed")

    def wipe(self) -> None:
        """Skip the test."""
        _skip("wiped")


@dataclass(frozen=True, slots=True)
class ExternalServers:
    """Given addresses, one server of each sort."""

    environment: Mapping[str, str]
    name: str = "external"

    @property
    def versions(self) -> Mapping[str, str]:
        """The addresses, in place of versions."""
        variables = {"nats": NATS_VARIABLE, "etcd": ETCD_VARIABLE, "kubernetes": KUBECONFIG_VARIABLE}
        return {server: self.environment.get(variable, "not given") for server, variable in variables.items()}

    def nats(self, folder: Path, *, extra_configuration: str = "") -> ExternalServer:
        """Return the given NATS server."""
        if extra_configuration:
            _skip("configured")
        return self._given(NATS_VARIABLE)

    def etcd(self, folder: Path) -> ExternalServer:
        """Return the given etcd server."""
        return self._given(ETCD_VARIABLE)

    def api(self, folder: Path, *, arguments: tuple[str, ...] = ()) -> ExternalServer:
        """Return the given Kubernetes API."""
        if arguments:
            _skip("configured")
        return self._given(KUBECONFIG_VARIABLE)

    def _given(self, variable: str) -> ExternalServer:
        address = self.environment.get(variable)
        if not address:
            pytest.skip(f"{variable} is not set")
        return ExternalServer(address)


def _skip(what: str) -> NoReturn:
    pytest.skip(f"an external server cannot be {what} by a test")
