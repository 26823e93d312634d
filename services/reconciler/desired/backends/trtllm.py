"""TensorRT-LLM: the leader starts all ranks over SSH with mpirun, workers wait for its login (workloads 6.6)."""

from __future__ import annotations

from services.reconciler.desired.backends.backend import Backend, Launch, Node
from services.reconciler.desired.backends.commands import SHELL, is_python_call, quoted
from services.reconciler.desired.backends.ssh import KEY, PORT, client_steps, server_steps
from services.reconciler.desired.problems import RenderError
from shared.core.json import Manifest
from shared.core.shells import script_at

NAME = "trtllm"
KEEP_NAMES = "OMPI_MCA_orte_keep_fqdn_hostnames"
FORWARDED = frozenset(
    {
        "CUDA_VISIBLE_DEVICES",
        "HF_DATASETS_CACHE",
        "HF_ENDPOINT",
        "HF_HOME",
        "HF_TOKEN",
        "HOME",
        "HUGGING_FACE_HUB_TOKEN",
        "LD_LIBRARY_PATH",
        "MODEL_PATH",
        "NCCL_DEBUG",
        "NCCL_IB_DISABLE",
        "NCCL_P2P_DISABLE",
        "PATH",
        "PYTHONPATH",
        "TENSORRT_LLM_CACHE_DIR",
        "TOKENIZERS_PARALLELISM",
        "TRANSFORMERS_CACHE",
        "TRTLLM_USE_UCX_KVCACHE",
        "USER",
    }
)
AS_ROOT = '$(test "$(id -u)" -ne 0 || echo --allow-run-as-root)'  # W-27: refused without it, and only for root

_THEN = " && "


def launch(node: Node) -> Launch:
    """Return the launch of one node; raise RenderError when nobody can tell how many ranks there are."""
    if node.is_worker:
        steps, readiness = server_steps(), ssh_answers()
    else:
        steps, readiness = (*client_steps(), *_waits(node), _mpirun(node)), None
    return Launch(
        SHELL,
        (_THEN.join(steps),),
        without_probes=node.is_worker,
        readiness=readiness,
        variables=((KEEP_NAMES, "1"),),
        ssh_secret=node.ssh_secret,
    )


def ssh_answers() -> Manifest:
    """Return the readiness probe of a worker."""
    return {
        "tcpSocket": {"port": PORT},
        "initialDelaySeconds": 20,
        "periodSeconds": 20,
        "timeoutSeconds": 5,
        "failureThreshold": 10,
    }


def _waits(node: Node) -> tuple[str, ...]:
    if not node.addresses.needs_names:
        return ()
    hosts = " ".join(node.addresses.workers(node.service, node.nodes))
    return (
        f"TIMEOUT=300; START_TIME=$(date +%s); for worker in {hosts}; do "
        'echo "Waiting for DNS: $worker"; until getent hosts $worker >/dev/null 2>&1; do CURRENT_TIME=$(date +%s); '
        'if [ $((CURRENT_TIME - START_TIME)) -gt $TIMEOUT ]; then echo "ERROR: Timeout waiting for DNS: $worker"; '
        'exit 1; fi; echo "DNS not ready for $worker, retrying..."; sleep 2; done; echo "✓ DNS resolved: $worker"; '
        'done; echo "All workers DNS ready"',
    )


def _mpirun(node: Node) -> str:
    hosts = (node.addresses.leader_in_shell(node.service), *node.addresses.workers(node.service, node.nodes))
    exported = " ".join(f"-x {quoted([name])}" for name in sorted({*node.variables, *FORWARDED, KEEP_NAMES}))
    return (
        f"mpirun {AS_ROOT} --oversubscribe -n {_ranks(node)} -H {','.join(hosts)} --mca pml ob1 "
        f'--mca plm_rsh_args "-p {PORT} -o StrictHostKeyChecking=no -i {KEY}" {exported} '
        f"bash -c {quoted([f'trtllm-llmapi-launch {_original(node)}'])}"
    )


def _ranks(node: Node) -> int:
    if node.gpus:
        return node.nodes * node.gpus
    raise RenderError(
        f"cannot start TensorRT-LLM on {node.nodes} nodes: the number of GPUs of one node is not known",
        code="GpuCountMissing",
        remedy=f"set resources.limits.gpu of service {node.service} to the GPUs of one node, a whole number above 0",
    )


def _original(node: Node) -> str:
    """Return the user's command as text; a shell that runs nothing but one call of Python is left out (W-26)."""
    words = (*node.command, *node.args)
    index = script_at(words)
    if index is not None and index == len(words) - 1 and is_python_call(words[index]):
        return words[index]
    return quoted(words)


TRTLLM = Backend(NAME, launch=launch)
