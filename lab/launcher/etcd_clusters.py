"""Decides how etcd servers on this machine become one: their peers, who leads, and how a lost member is replaced.

Separate from the single server, which knows no others. Invariants: a member keeps its name and both ports for life; one
whose disk was wiped is taken out and added again before it starts, since under its old identity it would have voted for
what it no longer holds.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from lab.launcher.answers import answer
from lab.launcher.clusters import MEMBERS, Cluster, wait_for
from lab.launcher.etcd import EtcdOptions, EtcdServer
from lab.launcher.processes import free_ports
from lab.launcher.servers import START_DEADLINE

ADMINISTRATION = timedelta(seconds=5)  # an answer needs a majority


class EtcdMember(EtcdServer):
    """One of several etcd servers that hold the same store."""

    def __init__(
        self,
        folder: Path,
        options: EtcdOptions,
        *,
        name: str,
        peers: Mapping[str, int],
        log_file: Path | None = None,
    ) -> None:
        self.name = name
        super().__init__(folder, options, log_file=log_file)
        self.others: tuple[EtcdMember, ...] = ()
        self.joins_others = False  # wiped: the others have to take it in again
        self._peers = peers  # the peer port of each member

    @property
    def peer_url(self) -> str:
        """The address for the other members."""
        return _peer_url(self._peers[self.name])

    @property
    def is_leader(self) -> bool:
        """Say whether this member claims to lead."""
        status = self.ask("maintenance/status")
        return bool(status) and status["leader"] == status["header"]["member_id"]

    @property
    def is_whole(self) -> bool:
        """Say whether this member knows a leader and has applied what it has received."""
        status = self.ask("maintenance/status")
        return bool(status) and status["leader"] != "0" and status["raftIndex"] == status["raftAppliedIndex"]

    def ask(self, call: str, question: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call an operation of etcd's own JSON interface; empty when there is no answer."""
        return answer(f"{self.url}/v3/{call}", question or {}, within=ADMINISTRATION)

    def start(self) -> None:
        """Start the member; one whose disk was wiped is taken out and added again first, as an administrator would."""
        if self.joins_others and not self.is_running:
            wait_for(self._is_taken_in, START_DEADLINE, f"{self.name} is a member again")
        super().start()
        self.joins_others = False

    def wipe(self) -> None:
        """Throw away the data of a member that is down; its next start joins the others, unless all were wiped."""
        super().wipe()
        self.joins_others = any(other.data_folder.exists() for other in self.others)
        if not self.joins_others:
            for other in self.others:
                other.joins_others = False

    def _is_taken_in(self) -> bool:
        asked = next(each for each in self.others if each.is_running)
        known = asked.ask("cluster/member/list").get("members", [])
        for former in (each["ID"] for each in known if self.peer_url in each["peerURLs"]):
            asked.ask("cluster/member/remove", {"ID": former})
        return bool(asked.ask("cluster/member/add", {"peerURLs": [self.peer_url]}))

    def _peers_arguments(self) -> tuple[str, ...]:
        everybody = ",".join(f"{name}={_peer_url(port)}" for name, port in self._peers.items())
        return (
            f"--name={self.name}",
            f"--listen-peer-urls={self.peer_url}",
            f"--initial-advertise-peer-urls={self.peer_url}",
            f"--initial-cluster={everybody}",
            f"--initial-cluster-state={'existing' if self.joins_others else 'new'}",
        )


class EtcdCluster(Cluster[EtcdMember]):
    """etcd servers on loopback that hold one store."""

    name = "etcd"

    def __init__(
        self,
        folder: Path,
        options: EtcdOptions | None = None,
        *,
        members: int = MEMBERS,
        logs: Path | None = None,
    ) -> None:
        names = [f"etcd-{number}" for number in range(1, members + 1)]
        peers = _peer_ports(folder / "peers.json", names)
        super().__init__(
            tuple(
                EtcdMember(
                    folder / name,
                    replace(options or EtcdOptions(), port=port),
                    name=name,
                    peers=peers,
                    log_file=logs / f"{name}.log" if logs else None,
                )
                for name, port in zip(names, free_ports(members), strict=True)
            )
        )
        for member in self.members:
            member.others = tuple(other for other in self.members if other is not member)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The addresses for clients, each as `host:port`."""
        return tuple(member.endpoint for member in self.members)

    @property
    def url(self) -> str:
        """The addresses for clients as one text, as DYNAMO_ETCD_ENDPOINTS takes them."""
        return ",".join(member.url for member in self.members)

    def _is_leader(self, member: EtcdMember) -> bool:
        return member.is_leader

    def _is_whole(self, member: EtcdMember) -> bool:
        return member.is_running and member.is_whole


def _peer_ports(file: Path, names: list[str]) -> dict[str, int]:
    """Return the peer port of each member: what the members' data says of each other must stay true."""
    if file.exists():
        known: dict[str, int] = json.loads(file.read_text())
        return known
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(ports))
    return ports


def _peer_url(port: int) -> str:
    return f"http://127.0.0.1:{port}"
