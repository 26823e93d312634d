"""vLLM: spread over nodes by Ray when a model needs more GPUs than a node has, or copied by data parallelism.

Which of both follows from the flags that the user gave and the GPUs of a node (workloads 6.4). It keeps compiled
kernels below a root directory of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.reconciler.desired.backends.backend import Backend, Launch, Node
from services.reconciler.desired.backends.commands import SHELL, count, quoted
from services.reconciler.desired.backends.flags import leader_of, with_flags, with_flags_in_text
from shared.core.shells import script_at

NAME = "vllm"
RAY_PORT = 6379
RPC_PORT = 13445
RAY_FLAGS = "--distributed-executor-backend ray"


@dataclass(frozen=True, slots=True)
class Parallelism:
    """How many GPUs one copy of the model needs, and how many copies there are."""

    model: int
    data: int


def parallelism(node: Node) -> Parallelism:
    """Return what a command line asks for; a flag that is not given means 1."""
    words = (*node.command, *node.args)
    tensor = count(words, "--tensor-parallel-size", "-tp")
    pipeline = count(words, "--pipeline-parallel-size", "-pp")
    return Parallelism(tensor * pipeline, count(words, "--data-parallel-size", "-dp"))


def launch(node: Node) -> Launch:
    """Return the launch of one node; a worker answers no probe. Raises RenderError for an unreadable text."""
    return replace(_launch(node), without_probes=node.is_worker)


def _launch(node: Node) -> Launch:
    asked = parallelism(node)
    if node.gpus and asked.model > node.gpus:
        return _by_ray(node)
    if node.gpus and asked.model * asked.data > node.gpus:
        return _by_data(node, asked)
    why = "its flags ask for no more GPUs than one node has" if node.gpus else "its resources name no number of GPUs"
    return Launch(node.command, node.args, missed=f"its {node.nodes} nodes start without knowing of each other: {why}")


def _by_ray(node: Node) -> Launch:
    if node.is_worker:
        leader = node.addresses.leader_in_shell(node.service)
        return Launch(SHELL, (f"ray start --address={leader}:{RAY_PORT} --block",))
    line, missed = _with_ray_flags(node)
    return Launch(SHELL, (f"ray start --head --port={RAY_PORT} && {line}",), missed=missed)


def _with_ray_flags(node: Node) -> tuple[str, str]:
    """Return the user's command as text for a shell, with a shell's own text kept as one word (W-26)."""
    if script_at((*node.command, *node.args)) is None:
        return f"{quoted([*node.command, *node.args])} {RAY_FLAGS}", ""
    command, args, missed = with_flags_in_text(node, NAME, RAY_FLAGS)
    return quoted([*command, *args]), missed


def _by_data(node: Node, asked: Parallelism) -> Launch:
    local = node.gpus // asked.model
    first = node.addresses.times_rank(local) if node.is_worker else "0"
    flags = (
        f"--data-parallel-hybrid-lb --data-parallel-size-local {local} --data-parallel-start-rank {first} "
        f"--data-parallel-address {leader_of(node, needs_shell=node.is_worker)} --data-parallel-rpc-port {RPC_PORT}"
    )
    return with_flags(node, NAME, flags, needs_shell=node.is_worker)


VLLM = Backend(NAME, cache_mount="/root/.cache/vllm", cache_variable="VLLM_CACHE_ROOT", launch=launch)
