"""Decides which servers a stack has: one or three of NATS and etcd, and the API server with its definitions.

Separate from the order in which a stack starts. Invariant: a server that stands alone is called `nats` or `etcd`, a
member of a cluster `nats-1` or `etcd-1`; names, addresses and data are the same each time.
"""

from dataclasses import dataclass
from pathlib import Path

from lab.launcher.apiserver import ApiServer
from lab.launcher.clusters import start_together
from lab.launcher.etcd import EtcdOptions, EtcdServer
from lab.launcher.etcd_clusters import EtcdCluster
from lab.launcher.nats import NatsServer
from lab.launcher.nats_clusters import NatsCluster
from lab.launcher.servers import Server

ETCD = EtcdOptions(syncs_to_disk=False)  # of a laptop's stack


@dataclass(frozen=True, slots=True)
class StackServers:
    """The servers of one stack, which may not be started yet."""

    nats: NatsServer | NatsCluster
    etcd: EtcdServer | EtcdCluster
    api: ApiServer

    @property
    def by_name(self) -> dict[str, Server]:
        """Every process by the name that it has in the stack."""
        return {**_named("nats", self.nats), **_named("etcd", self.etcd), "apiserver": self.api}

    def start(self) -> None:
        """Start all of them at once; return when each answers and each cluster has a leader."""
        start_together(self.by_name.values())
        for store in (self.nats, self.etcd):
            if isinstance(store, (NatsCluster, EtcdCluster)):
                store.leader()


def stack_servers(
    folder: Path, api_arguments: tuple[str, ...], *, nats_members: int, etcd_members: int
) -> StackServers:
    """Return the servers of a stack that keeps its state in `folder`."""
    logs = folder / "logs"
    nats, etcd = folder / "nats", folder / "etcd"
    return StackServers(
        nats=NatsServer(nats, log_file=logs / "nats.log")
        if nats_members == 1
        else NatsCluster(nats, members=nats_members, logs=logs),
        etcd=EtcdServer(etcd, ETCD, log_file=logs / "etcd.log")
        if etcd_members == 1
        else EtcdCluster(etcd, ETCD, members=etcd_members, logs=logs),
        api=ApiServer(folder / "apiserver", api_arguments, log_file=logs / "apiserver.log"),
    )


def _named(name: str, store: Server | NatsCluster | EtcdCluster) -> dict[str, Server]:
    return {name: store} if isinstance(store, Server) else {member.name: member for member in store.members}
