"""How the pods of one replica find each other under each orchestrator that starts them together (workloads 6.2).

Both inject variables into every container. The kubelet replaces `$(NAME)` in commands and arguments, with or without a
shell, and leaves alone what names no variable, such as arithmetic and pipes: those are for a shell (W-22).
"""

from __future__ import annotations

from dataclasses import dataclass

from services.reconciler.desired.layouts import Addresses

LEADER = "ldr"
WORKER = "wkr"


@dataclass(frozen=True, slots=True)
class _Grove:
    """Grove: host names follow from the scaling group, the clique and the pod's index."""

    needs_names: bool = False  # names resolve before pods are ready
    rank: str = "$((GROVE_PCLQ_POD_INDEX + 1))"
    rank_needs_shell: bool = True

    def times_rank(self, factor: int) -> str:
        return f"$(( {factor} * {self.rank} ))"

    def leader(self, service: str) -> str:
        return _grove_host(service, LEADER, 0)

    def leader_in_shell(self, service: str) -> str:
        return self.leader(service)

    def workers(self, service: str, nodes: int) -> tuple[str, ...]:
        return tuple(_grove_host(service, WORKER, index) for index in range(nodes - 1))


@dataclass(frozen=True, slots=True)
class _LeaderWorkerSet:
    """LeaderWorkerSet: it tells the leader's host name; a worker's has its index behind the first label."""

    needs_names: bool = True
    rank: str = "$(LWS_WORKER_INDEX)"
    rank_needs_shell: bool = False

    def times_rank(self, factor: int) -> str:
        # Not `$(LWS_WORKER_INDEX)`: within arithmetic the kubelet leaves it, and a shell takes it for a command (W-22).
        return f"$(( {factor} * LWS_WORKER_INDEX ))"

    def leader(self, service: str) -> str:
        return "$(LWS_LEADER_ADDRESS)"  # W-22: a plain `$LWS_LEADER_ADDRESS` needs a shell

    def leader_in_shell(self, service: str) -> str:
        return "$LWS_LEADER_ADDRESS"

    def workers(self, service: str, nodes: int) -> tuple[str, ...]:
        return tuple(rf"""$(echo "$LWS_LEADER_ADDRESS" | sed 's/\./-{index}\./')""" for index in range(1, nodes))


def _grove_host(service: str, role: str, index: int) -> str:
    return f"$(GROVE_PCSG_NAME)-$(GROVE_PCSG_INDEX)-{service.lower()}-{role}-{index}.$(GROVE_HEADLESS_SERVICE)"


GROVE: Addresses = _Grove()
LWS: Addresses = _LeaderWorkerSet()
