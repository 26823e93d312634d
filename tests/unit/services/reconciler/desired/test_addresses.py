"""How the pods of one replica name each other."""

from __future__ import annotations

import pytest

from services.reconciler.desired.addresses import GROVE, LWS
from services.reconciler.desired.layouts import Addresses
from tests.kubelet import expanded

IN_GROVE = {
    "GROVE_PCSG_NAME": "big-0-decode",
    "GROVE_PCSG_INDEX": "0",
    "GROVE_HEADLESS_SERVICE": "big-0.llm.svc.cluster.local",
    "GROVE_PCLQ_POD_INDEX": "1",
}
IN_LWS = {"LWS_LEADER_ADDRESS": "sg-decode-0.sg-decode-0.llm", "LWS_WORKER_INDEX": "1"}


@pytest.mark.rule("workloads 6.2 leader host", "workloads 1.1 Grove role suffixes")
def test_grove_names_the_leader_by_scaling_group_and_clique() -> None:
    leader = "$(GROVE_PCSG_NAME)-$(GROVE_PCSG_INDEX)-decode-ldr-0.$(GROVE_HEADLESS_SERVICE)"

    assert GROVE.leader("Decode") == leader
    assert GROVE.leader_in_shell("Decode") == leader


@pytest.mark.rule("workloads 6.2 #2", "workloads 10.3")
def test_the_variables_of_grove_make_the_host_name_of_the_first_replica() -> None:
    assert expanded(GROVE.leader("decode"), IN_GROVE) == "big-0-decode-0-decode-ldr-0.big-0.llm.svc.cluster.local"


@pytest.mark.rule("workloads 6.2 leader host", "W-22")
def test_leader_worker_sets_tell_the_leader_with_and_without_a_shell() -> None:
    assert LWS.leader("decode") == "$(LWS_LEADER_ADDRESS)"
    assert LWS.leader_in_shell("decode") == "$LWS_LEADER_ADDRESS"
    assert expanded(LWS.leader("decode"), IN_LWS) == IN_LWS["LWS_LEADER_ADDRESS"]


@pytest.mark.rule(
    "workloads 6.2 worker host i (0-based for Grove, 1-based for LWS)",
    "workloads 1.1 Grove role suffixes",
    "workloads 12 TRT-LLM #4",
)
@pytest.mark.parametrize("nodes", [2, 3, 4, 5])
def test_workers_are_counted_from_0_in_grove_and_from_1_in_leader_worker_sets(nodes: int) -> None:
    in_grove = [
        f"$(GROVE_PCSG_NAME)-$(GROVE_PCSG_INDEX)-w-wkr-{index}.$(GROVE_HEADLESS_SERVICE)" for index in range(nodes - 1)
    ]
    in_lws = [f"$(echo \"$LWS_LEADER_ADDRESS\" | sed 's/\\./-{index}\\./')" for index in range(1, nodes)]

    assert list(GROVE.workers("W", nodes)) == in_grove
    assert list(LWS.workers("W", nodes)) == in_lws


@pytest.mark.rule("workloads 6.2 node rank on workers", "W-22")
def test_only_grove_needs_a_shell_to_work_out_a_rank() -> None:
    assert (GROVE.rank, GROVE.rank_needs_shell) == ("$((GROVE_PCLQ_POD_INDEX + 1))", True)
    assert (LWS.rank, LWS.rank_needs_shell) == ("$(LWS_WORKER_INDEX)", False)


@pytest.mark.rule("workloads 6.2 DNS wait before mpirun")
def test_only_leader_worker_sets_have_names_that_come_late() -> None:
    assert not GROVE.needs_names
    assert LWS.needs_names


@pytest.mark.rule("workloads 6.2 #1", "W-22")
@pytest.mark.parametrize(
    ("addresses", "variables", "text"),
    [
        pytest.param(GROVE, IN_GROVE, "$(( 8 * $((GROVE_PCLQ_POD_INDEX + 1)) ))", id="grove"),
        pytest.param(LWS, IN_LWS, "$(( 8 * LWS_WORKER_INDEX ))", id="leader worker set"),
    ],
)
def test_the_kubelet_leaves_arithmetic_to_the_shell(addresses: Addresses, variables: dict[str, str], text: str) -> None:
    assert addresses.times_rank(8) == text
    assert expanded(addresses.times_rank(8), variables) == text


@pytest.mark.rule("workloads 6.2 #1", "W-22")
def test_the_kubelet_leaves_the_pipe_that_names_a_worker_to_the_shell() -> None:
    worker = LWS.workers("w", 2)[0]

    assert expanded(worker, IN_LWS) == worker
