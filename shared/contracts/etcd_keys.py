"""Where everything lies in etcd. All keys of an installation share one prefix; prefixes end in a slash."""

from __future__ import annotations

from dataclasses import dataclass

from shared.core.resources import Ref, Resource


@dataclass(frozen=True, slots=True)
class EtcdKeys:
    """The key layout of one installation."""

    install: str

    @property
    def root(self) -> str:
        """Return the prefix of the installation."""
        return f"/dynamo/{self.install}/"

    @property
    def incarnation(self) -> str:
        """Return the key of the random value that tells a wiped store from an old one."""
        return f"{self.root}incarnation"

    @property
    def partition_count(self) -> str:
        """Return the key of the number of partitions, written once."""
        return f"{self.root}partition-count"

    @property
    def epoch(self) -> str:
        """Return the key of the epoch that resource versions are comparable in."""
        return f"{self.root}epoch"

    def members(self, service: str) -> str:
        """Return the prefix of the live replicas of a service."""
        return f"{self.root}members/{service}/"

    def claims(self, service: str) -> str:
        """Return the prefix of what the replicas of a service own."""
        return f"{self.root}claims/{service}/"

    def claim(self, service: str, unit: str) -> str:
        """Return the claim on one partition, kind or role."""
        return f"{self.claims(service)}{unit}"

    def checkpoint(self, resource: Resource) -> str:
        """Return how far the watcher stored a resource's changes."""
        return f"{self.root}checkpoints/{resource.group_resource}"

    def inventories(self, service: str) -> str:
        """Return the prefix of what a service applied."""
        return f"{self.root}inventories/{service}/"

    def inventory(self, service: str, primary: Ref) -> str:
        """Return what a service applied for one primary."""
        return f"{self.inventories(service)}{primary.resource.plural}/{primary.namespace}/{primary.name}"

    def accepted(self, primary: Ref) -> str:
        """Return the last spec of a primary that the rules accepted."""
        return f"{self.root}accepted/{primary.resource.plural}/{primary.namespace}/{primary.name}"

    @property
    def facts(self) -> str:
        """Return the prefix of the facts that concern all keys."""
        return f"{self.root}facts/"

    def fact(self, name: str) -> str:
        """Return one fact: `orchestrators`, `gpu`, `exclusions`, ..."""
        return f"{self.facts}{name}"

    def instances(self, namespace: str, graph: str) -> str:
        """Return the instance view of one graph: which pods serve which component."""
        return f"{self.root}instances/{namespace}/{graph}"
