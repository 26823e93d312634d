"""SGLang: its nodes meet at the leader's rendezvous port, each told its rank (workloads 6.5)."""

from __future__ import annotations

from dataclasses import replace

from services.reconciler.desired.backends.backend import Backend, Launch, Node
from services.reconciler.desired.backends.flags import leader_of, with_flags

NAME = "sglang"
RENDEZVOUS_PORT = 29500


def launch(node: Node) -> Launch:
    """Return the launch of one node; a worker answers no probe. Raises RenderError for an unreadable text."""
    needs_shell = node.is_worker and node.addresses.rank_needs_shell
    rank = node.addresses.rank if node.is_worker else "0"
    leader = leader_of(node, needs_shell=needs_shell)
    flags = f"--dist-init-addr {leader}:{RENDEZVOUS_PORT} --nnodes {node.nodes} --node-rank {rank}"
    return replace(with_flags(node, NAME, flags, needs_shell=needs_shell), without_probes=node.is_worker)


SGLANG = Backend(NAME, launch=launch)
