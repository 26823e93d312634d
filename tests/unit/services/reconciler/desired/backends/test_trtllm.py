"""TensorRT-LLM on several nodes."""

from __future__ import annotations

import pytest

from services.reconciler.desired.addresses import GROVE, LWS
from services.reconciler.desired.backends.trtllm import FORWARDED, launch
from services.reconciler.desired.layouts import Role
from services.reconciler.desired.problems import RenderError
from tests.unit.services.reconciler.desired.backends.builders import a_node

MODULE = ("python3", "-m", "dynamo.trtllm")
KEYS = (
    "mkdir -p $HOME/.ssh",
    "ls -la /ssh-pk/",
    "cp /ssh-pk/private.key $HOME/.ssh/id_rsa",
    "cp /ssh-pk/private.key.pub $HOME/.ssh/id_rsa.pub",
    "cp /ssh-pk/private.key.pub $HOME/.ssh/authorized_keys",
    "chmod 600 $HOME/.ssh/id_rsa $HOME/.ssh/authorized_keys",
    "chmod 644 $HOME/.ssh/id_rsa.pub",
    'printf "Host *\\nIdentityFile $HOME/.ssh/id_rsa\\nStrictHostKeyChecking no\\nPort 2222\\n" > $HOME/.ssh/config',
)
WAIT = (
    "TIMEOUT=300; START_TIME=$(date +%s); for worker in $(echo \"$LWS_LEADER_ADDRESS\" | sed 's/\\./-1\\./'); do "
    'echo "Waiting for DNS: $worker"; until getent hosts $worker >/dev/null 2>&1; do CURRENT_TIME=$(date +%s); '
    'if [ $((CURRENT_TIME - START_TIME)) -gt $TIMEOUT ]; then echo "ERROR: Timeout waiting for DNS: $worker"; exit 1; '
    'fi; echo "DNS not ready for $worker, retrying..."; sleep 2; done; echo "✓ DNS resolved: $worker"; done; '
    'echo "All workers DNS ready"'
)


def steps_of(node_args: str = "--model-path m", **fields: object) -> list[str]:
    launched = launch(a_node(MODULE, node_args, **fields))
    assert launched.command == ("/bin/sh", "-c")
    return launched.args[0].split(" && ")


@pytest.mark.rule("workloads 6.6 #3", "W-27", "workloads 10.7")
def test_the_leader_makes_an_ssh_client_before_it_starts_the_ranks() -> None:
    steps = steps_of()

    assert tuple(steps[:-1]) == KEYS
    assert steps[-1].startswith("mpirun ")


@pytest.mark.rule("workloads 6.2 DNS wait before mpirun", "workloads 6.6 #3", "workloads 10.6")
def test_the_leader_of_a_leader_worker_set_waits_for_the_names_of_its_workers() -> None:
    steps = steps_of(addresses=LWS)

    assert tuple(steps[:-1]) == (*KEYS, WAIT)


@pytest.mark.rule("workloads 6.6 #4", "workloads 12 TRT-LLM #4", "workloads 10.7")
@pytest.mark.parametrize(("nodes", "gpus", "ranks"), [(2, 4, 8), (3, 2, 6), (4, 8, 32), (5, 1, 5)])
def test_there_is_a_rank_for_each_gpu_on_all_hosts(nodes: int, gpus: int, ranks: int) -> None:
    command = steps_of(nodes=nodes, gpus=gpus, service="Prefill")[-1]
    name = "$(GROVE_PCSG_NAME)-$(GROVE_PCSG_INDEX)-prefill"
    workers = [f"{name}-wkr-{index}.$(GROVE_HEADLESS_SERVICE)" for index in range(nodes - 1)]

    hosts = ",".join([f"{name}-ldr-0.$(GROVE_HEADLESS_SERVICE)", *workers])
    assert f" -n {ranks} -H {hosts} --mca pml ob1 " in command


@pytest.mark.rule("workloads 12 TRT-LLM #4", "workloads 10.6")
def test_a_leader_worker_set_names_its_hosts_in_the_shell() -> None:
    command = steps_of(addresses=LWS, nodes=3)[-1]

    workers = [f"$(echo \"$LWS_LEADER_ADDRESS\" | sed 's/\\./-{index}\\./')" for index in (1, 2)]
    assert f" -H $LWS_LEADER_ADDRESS,{workers[0]},{workers[1]} --mca" in command


@pytest.mark.rule("W-24", "workloads 12 TRT-LLM #2", "workloads 6.6 #4")
def test_ranks_that_nobody_can_count_are_an_error() -> None:
    with pytest.raises(RenderError) as error:
        launch(a_node(MODULE, gpus=0))

    assert error.value.code == "GpuCountMissing"
    assert "resources.limits.gpu of service w" in error.value.remedy


@pytest.mark.rule("workloads 6.6 #6", "workloads 12 TRT-LLM #3")
def test_every_variable_of_the_container_and_the_fixed_ones_are_forwarded_once_and_sorted() -> None:
    command = steps_of(variables=("POD_NAME", "HF_TOKEN", "A"))[-1]

    forwarded = [word for before, word in zip(command.split(), command.split()[1:], strict=False) if before == "-x"]
    assert forwarded == sorted({*FORWARDED, "A", "POD_NAME", "OMPI_MCA_orte_keep_fqdn_hostnames"})
    assert len(FORWARDED) == 19


@pytest.mark.rule("W-27")
def test_mpirun_is_allowed_to_run_as_root_only_where_it_does() -> None:
    command = steps_of()[-1]

    assert command.startswith('mpirun $(test "$(id -u)" -ne 0 || echo --allow-run-as-root) --oversubscribe -n ')
    assert '--mca plm_rsh_args "-p 2222 -o StrictHostKeyChecking=no -i $HOME/.ssh/id_rsa" -x ' in command


@pytest.mark.rule("workloads 6.6 #5", "W-26")
@pytest.mark.parametrize(
    ("command", "args", "original"),
    [
        pytest.param(
            MODULE, ("--model-path", "m"), "'trtllm-llmapi-launch python3 -m dynamo.trtllm --model-path m'", id="words"
        ),
        pytest.param(
            ("/bin/sh", "-c"),
            ("python3 -m dynamo.trtllm --model-path $M",),
            "'trtllm-llmapi-launch python3 -m dynamo.trtllm --model-path $M'",
            id="a text that is one call of Python",
        ),
        pytest.param(
            ("/bin/bash", "-c"),
            ("cd /w && python3 -m dynamo.trtllm",),
            "'trtllm-llmapi-launch /bin/bash -c '\"'\"'cd /w && python3 -m dynamo.trtllm'\"'\"''",
            id="a text of several commands keeps its shell",
        ),
        pytest.param(("serve", "-m"), (), "'trtllm-llmapi-launch serve -m'", id="no args"),
    ],
)
def test_each_rank_runs_the_command_as_the_user_wrote_it(
    command: tuple[str, ...], args: tuple[str, ...], original: str
) -> None:
    assert launch(a_node(command, args)).args[0].endswith(f" bash -c {original}")


@pytest.mark.rule("workloads 6.6 #1")
@pytest.mark.parametrize("role", [Role.LEADER, Role.WORKER])
def test_every_node_gets_the_keys_and_keeps_whole_host_names(role: Role) -> None:
    found = launch(a_node(MODULE, role=role))

    assert found.ssh_secret == "keys"
    assert found.variables == (("OMPI_MCA_orte_keep_fqdn_hostnames", "1"),)


@pytest.mark.rule("workloads 6.6 #7", "W-27", "workloads 10.6", "workloads 1.1 SSH port for MPI")
@pytest.mark.parametrize("addresses", [GROVE, LWS])
def test_a_worker_serves_ssh_instead_of_the_command(addresses: object) -> None:
    server = (
        "Port 2222\\nHostKey $HOME/.ssh/host_keys/ssh_host_rsa_key\\nHostKey $HOME/.ssh/host_keys/ssh_host_ecdsa_key\\n"
        "HostKey $HOME/.ssh/host_keys/ssh_host_ed25519_key\\nPidFile $HOME/.ssh/run/sshd.pid\\n"
        "PermitRootLogin prohibit-password\\nPasswordAuthentication no\\nPubkeyAuthentication yes\\n"
        "AuthorizedKeysFile $HOME/.ssh/authorized_keys\\nStrictModes no\\n"
    )

    assert tuple(steps_of(role=Role.WORKER, addresses=addresses, gpus=0)) == (
        "mkdir -p $HOME/.ssh $HOME/.ssh/host_keys $HOME/.ssh/run",
        *KEYS[1:],
        "ssh-keygen -t rsa -f $HOME/.ssh/host_keys/ssh_host_rsa_key -N ''",
        "ssh-keygen -t ecdsa -f $HOME/.ssh/host_keys/ssh_host_ecdsa_key -N ''",
        "ssh-keygen -t ed25519 -f $HOME/.ssh/host_keys/ssh_host_ed25519_key -N ''",
        f'printf "{server}" > $HOME/.ssh/sshd_config',
        "/usr/sbin/sshd -D -f $HOME/.ssh/sshd_config",
    )


@pytest.mark.rule("workloads 6.6 #2")
def test_a_worker_is_ready_when_it_takes_logins_and_a_leader_when_it_says_so() -> None:
    worker, leader = launch(a_node(MODULE, role=Role.WORKER)), launch(a_node(MODULE))

    assert worker.without_probes
    assert worker.readiness == {
        "tcpSocket": {"port": 2222},
        "initialDelaySeconds": 20,
        "periodSeconds": 20,
        "timeoutSeconds": 5,
        "failureThreshold": 10,
    }
    assert (leader.without_probes, leader.readiness) == (False, None)
