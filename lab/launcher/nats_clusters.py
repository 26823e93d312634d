"""Decides how NATS servers on this machine become one: their routes, who leads, and when a member has caught up.

Separate from the single server, which knows no others. Invariant: a member keeps its name and its route's port for
life, since the others know it by these; a member whose disk was wiped comes back as itself and is filled by the others.
"""

from pathlib import Path
from typing import Any

from lab.launcher.answers import answer
from lab.launcher.clusters import MEMBERS, Cluster
from lab.launcher.nats import NatsOptions, NatsServer
from lab.launcher.processes import free_ports

CLUSTER_NAME = "dynamo"


class NatsMember(NatsServer):
    """One of several NATS servers that keep copies of each other's streams."""

    def __init__(
        self,
        folder: Path,
        options: NatsOptions,
        *,
        name: str,
        route_ports: tuple[int, ...],
        log_file: Path | None = None,
    ) -> None:
        self.name = self.server_name = name
        super().__init__(folder, options, log_file=log_file)
        self._route_port, *_ = self._route_ports = route_ports

    @property
    def is_meta_leader(self) -> bool:
        """Say whether this member claims to lead the cluster: it then decides where streams live."""
        return self._leads(answer(f"{self.monitoring_url}/jsz"), "meta_cluster")

    def leads(self, stream: str) -> bool:
        """Say whether this member claims to lead a stream: it then answers publishes."""
        accounts = answer(f"{self.monitoring_url}/jsz?accounts=true&streams=true").get("account_details", [])
        streams = [each for account in accounts for each in account.get("stream_detail") or []]
        return any(each["name"] == stream and self._leads(each, "cluster") for each in streams)

    @property
    def is_whole(self) -> bool:
        """Say whether this member holds all that the others hold, as far as it knows itself."""
        return answer(f"{self.monitoring_url}/healthz").get("status") == "ok"

    def _leads(self, found: dict[str, Any], group: str) -> bool:
        leader: object = found.get(group, {}).get("leader")
        return leader == self.server_name

    def _peers_configuration(self) -> str:
        routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in self._route_ports)
        listens = f'listen: "127.0.0.1:{self._route_port}"'
        return f'cluster {{ name: "{CLUSTER_NAME}", {listens}, routes: [{routes}] }}'


class NatsCluster(Cluster[NatsMember]):
    """NATS servers on loopback that keep streams in three copies."""

    name = "nats"

    def __init__(
        self,
        folder: Path,
        options: NatsOptions | None = None,
        *,
        members: int = MEMBERS,
        logs: Path | None = None,
    ) -> None:
        names = [f"nats-{number}" for number in range(1, members + 1)]
        ports = free_ports(members)
        super().__init__(
            tuple(
                NatsMember(
                    folder / name,
                    options or NatsOptions(),
                    name=name,
                    route_ports=(port, *(other for other in ports if other != port)),
                    log_file=logs / f"{name}.log" if logs else None,
                )
                for name, port in zip(names, ports, strict=True)
            )
        )

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses for clients."""
        return tuple(member.url for member in self.members)

    @property
    def url(self) -> str:
        """The addresses for clients as one text, as DYNAMO_NATS_URL takes them."""
        return ",".join(self.urls)

    def stream_leader(self, stream: str) -> NatsMember:
        """Return the member that leads a stream; waits for an election, and raises ProcessError when there is none."""
        return self._elected(lambda member: member.leads(stream))

    def _is_leader(self, member: NatsMember) -> bool:
        return member.is_meta_leader

    def _is_whole(self, member: NatsMember) -> bool:
        return member.is_running and member.is_whole
