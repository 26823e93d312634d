"""SGLang on several nodes."""

from __future__ import annotations

import pytest

from services.reconciler.desired.addresses import GROVE, LWS
from services.reconciler.desired.backends.sglang import launch
from services.reconciler.desired.layouts import ALONE, Addresses, Layout, Role
from tests.unit.services.reconciler.desired.backends.builders import GROVE_LEADER, a_node, container_at

MODULE = ("python3", "-m", "dynamo.sglang")


@pytest.mark.rule("workloads 6.5 #1", "workloads 6.2 node rank on leader", "workloads 1.1 SGLang rendezvous port")
@pytest.mark.parametrize("gpus", [0, 8])
@pytest.mark.parametrize(
    ("addresses", "leader"),
    [
        pytest.param(GROVE, GROVE_LEADER, id="grove"),
        pytest.param(LWS, "$(LWS_LEADER_ADDRESS)", marks=pytest.mark.rule("W-22"), id="leader worker set"),
    ],
)
def test_the_leader_is_the_first_node_whatever_its_gpus(addresses: Addresses, leader: str, gpus: int) -> None:
    found = launch(a_node(MODULE, "--tp-size 8", addresses=addresses, nodes=3, gpus=gpus))

    assert found.command == MODULE
    assert " ".join(found.args) == f"--tp-size 8 --dist-init-addr {leader}:29500 --nnodes 3 --node-rank 0"
    assert not found.without_probes


@pytest.mark.rule("workloads 6.5 #1", "workloads 6.2 node rank on workers", "workloads 12 SGLang #2")
def test_a_worker_in_grove_works_out_its_rank_in_a_shell() -> None:
    found = launch(a_node(MODULE, "--tp-size 8", role=Role.WORKER))

    assert found.command == ("sh", "-c")
    assert found.args == (
        f"exec python3 -m dynamo.sglang --tp-size 8 --dist-init-addr {GROVE_LEADER}:29500 --nnodes 2 "
        "--node-rank $((GROVE_PCLQ_POD_INDEX + 1))",
    )
    assert found.without_probes


@pytest.mark.rule("W-22", "workloads 10.5")
def test_a_worker_of_a_leader_worker_set_is_told_its_rank_without_a_shell() -> None:
    found = launch(a_node(MODULE, "--tp-size 8", role=Role.WORKER, addresses=LWS))

    assert found.command == MODULE
    assert " ".join(found.args) == (
        "--tp-size 8 --dist-init-addr $(LWS_LEADER_ADDRESS):29500 --nnodes 2 --node-rank $(LWS_WORKER_INDEX)"
    )


@pytest.mark.rule("workloads 6.5 #1", "workloads 12 SGLang #2")
@pytest.mark.parametrize(
    ("addresses", "place"),
    [
        (GROVE, f"{GROVE_LEADER}:29500 --nnodes 2 --node-rank $((GROVE_PCLQ_POD_INDEX + 1))"),
        (LWS, "$LWS_LEADER_ADDRESS:29500 --nnodes 2 --node-rank $(LWS_WORKER_INDEX)"),
    ],
)
def test_a_worker_in_a_text_of_the_user_gets_its_place_there(addresses: Addresses, place: str) -> None:
    text = "echo start; python3 -m dynamo.sglang --tp-size 8 | tee /tmp/log"

    found = launch(a_node("/bin/sh -c", (text,), role=Role.WORKER, addresses=addresses))

    assert found.args == (f"echo start; python3 -m dynamo.sglang --dist-init-addr {place} --tp-size 8 | tee /tmp/log",)


@pytest.mark.rule("workloads 12 SGLang #3")
def test_another_program_starts_as_it_was_written() -> None:
    found = launch(a_node("java -jar", "x.jar"))

    assert (found.command, found.args) == (("java", "-jar"), ("x.jar",))
    assert found.missed


@pytest.mark.rule("workloads 12 SGLang #5", "workloads 6.1 #5")
def test_one_node_starts_as_it_was_written() -> None:
    container = container_at(ALONE, extraPodSpec={"mainContainer": {"command": list(MODULE), "args": ["--x"]}})

    assert (container["command"], container["args"]) == (list(MODULE), ["--x"])


@pytest.mark.rule("workloads 6.5 #1", "workloads 5.3 #9")
def test_a_worker_loses_probes_that_the_user_gave_too() -> None:
    worker = container_at(
        Layout(Role.WORKER, 2, LWS),
        readinessProbe={"exec": {}},
        extraPodSpec={"mainContainer": {"command": list(MODULE), "startupProbe": {"exec": {}}}},
    )

    assert not [key for key in worker if key.endswith("Probe")]
