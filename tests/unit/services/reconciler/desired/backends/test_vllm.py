"""vLLM on several nodes."""

from __future__ import annotations

from typing import Any

import pytest

from services.reconciler.desired.addresses import GROVE, LWS
from services.reconciler.desired.backends.vllm import launch
from services.reconciler.desired.layouts import ALONE, Addresses, Layout, Role
from services.reconciler.desired.problems import RenderError
from tests.unit.services.reconciler.desired.backends.builders import GROVE_LEADER, a_node, container_at

TENSOR = "-m dynamo.vllm --tensor-parallel-size 16"
DATA = "-m dynamo.vllm --data-parallel-size 8 --tensor-parallel-size 2"
PROBES = {"livenessProbe", "readinessProbe", "startupProbe"}


def kind_of(args: str, gpus: int, command: str = "python3") -> str:
    """Return how the leader of a node is launched."""
    found = launch(a_node(command, args, gpus=gpus))
    line = " ".join((*found.command, *found.args))
    return "ray" if "ray start" in line else "data" if "--data-parallel-hybrid-lb" in line else "none"


@pytest.mark.parametrize(
    ("args", "gpus", "expected"),
    [
        pytest.param(
            TENSOR, 0, "none", marks=pytest.mark.rule("workloads 6.4 G = 0", "workloads 12 vLLM #2"), id="no GPU"
        ),
        pytest.param(
            TENSOR, 8, "ray", marks=pytest.mark.rule("workloads 6.4 TP×PP > G", "workloads 12 vLLM #4"), id="larger"
        ),
        pytest.param(
            "-m dynamo.vllm --tensor-parallel-size 4 --pipeline-parallel-size 4",
            8,
            "ray",
            marks=pytest.mark.rule("workloads 6.4 TP×PP > G"),
            id="larger by stages",
        ),
        pytest.param(
            "-m dynamo.vllm --data-parallel-size 16",
            8,
            "data",
            marks=pytest.mark.rule("workloads 6.4 TP×PP×DP > G", "workloads 12 vLLM #5"),
            id="more copies",
        ),
        pytest.param(
            "-m dynamo.vllm --tensor-parallel-size 8",
            8,
            "none",
            marks=pytest.mark.rule("workloads 6.4 otherwise", "workloads 12 vLLM #3"),
            id="as large as a node",
        ),
        pytest.param("-m dynamo.vllm", 8, "none", marks=pytest.mark.rule("workloads 6.4 otherwise"), id="nothing said"),
    ],
)
def test_chooses_the_launch_by_what_is_asked_of_a_node(args: str, gpus: int, expected: str) -> None:
    assert kind_of(args, gpus) == expected


@pytest.mark.rule("W-24", "workloads 6.4 #1")
@pytest.mark.parametrize(
    ("command", "args"),
    [
        pytest.param("python3", "-m dynamo.vllm --tensor-parallel-size=16", id="an equals sign"),
        pytest.param("python3", "-m dynamo.vllm -tp 16", id="the short name"),
        pytest.param("python3", "-m dynamo.vllm -tp 4 -pp 4", id="short names of both"),
        pytest.param("python3 -m dynamo.vllm --tensor-parallel-size 16", "", id="in the command"),
    ],
)
def test_reads_flags_in_every_spelling_and_place(command: str, args: str) -> None:
    assert kind_of(args, 8, command) == "ray"


@pytest.mark.rule(
    "workloads 6.4 leader",
    "workloads 6.4 #3",
    "workloads 6.4 command python3, args -m dynamo.vllm --tensor-parallel-size 16",
    "workloads 1.1 Ray head port",
)
@pytest.mark.parametrize("addresses", [GROVE, LWS])
def test_the_leader_starts_ray_and_then_the_command(addresses: Addresses) -> None:
    found = launch(a_node("python3", TENSOR, addresses=addresses))

    assert found.command == ("/bin/sh", "-c")
    assert found.args == (
        "ray start --head --port=6379 && python3 -m dynamo.vllm --tensor-parallel-size 16 "
        "--distributed-executor-backend ray",
    )
    assert not found.without_probes


@pytest.mark.parametrize(
    ("addresses", "leader"),
    [
        pytest.param(GROVE, GROVE_LEADER, marks=pytest.mark.rule("workloads 6.4 same"), id="grove"),
        pytest.param(
            LWS, "$LWS_LEADER_ADDRESS", marks=pytest.mark.rule("workloads 6.4 same (2)"), id="leader worker set"
        ),
    ],
)
@pytest.mark.rule("workloads 6.4 worker")
def test_a_worker_joins_the_ray_of_its_leader(addresses: Addresses, leader: str) -> None:
    found = launch(a_node("python3", TENSOR, addresses=addresses, role=Role.WORKER))

    assert found.command == ("/bin/sh", "-c")
    assert found.args == (f"ray start --address={leader}:6379 --block",)
    assert found.without_probes


@pytest.mark.rule("W-26", "workloads 6.4 #4")
@pytest.mark.parametrize(
    ("command", "args", "line"),
    [
        pytest.param(
            "python3 -m dynamo.vllm",
            ("-tp", "16", "--kv", '{"a": "b c"}'),
            'python3 -m dynamo.vllm -tp 16 --kv \'{"a": "b c"}\' --distributed-executor-backend ray',
            id="words keep their quotes",
        ),
        pytest.param(
            "/bin/bash -c",
            ("cd /w && python3 -m dynamo.vllm -tp 16",),
            "/bin/bash -c 'cd /w && python3 -m dynamo.vllm --distributed-executor-backend ray -tp 16'",
            id="a text of the user stays one word of its shell",
        ),
    ],
)
def test_ray_runs_the_command_as_the_user_wrote_it(command: str, args: tuple[str, ...], line: str) -> None:
    assert launch(a_node(command, args)).args == (f"ray start --head --port=6379 && {line}",)


@pytest.mark.rule("W-23")
def test_ray_without_a_call_to_tell_of_it_says_so() -> None:
    found = launch(a_node("/bin/sh -c", ("./serve.sh -tp 16",)))

    assert found.args == ("ray start --head --port=6379 && /bin/sh -c './serve.sh -tp 16'",)
    assert "--distributed-executor-backend ray" in found.missed


@pytest.mark.rule(
    "workloads 6.4 leader (2)", "workloads 6.4 #5", "workloads 10.4", "workloads 1.1 vLLM data-parallel RPC port"
)
@pytest.mark.parametrize(("addresses", "leader"), [(GROVE, GROVE_LEADER), (LWS, "$(LWS_LEADER_ADDRESS)")])
def test_the_leader_of_copies_holds_the_first_of_them(addresses: Addresses, leader: str) -> None:
    found = launch(a_node("python3 -m dynamo.vllm", "--model m --data-parallel-size 16", addresses=addresses))

    assert found.command == ("python3", "-m", "dynamo.vllm")
    assert " ".join(found.args) == (
        "--model m --data-parallel-size 16 --data-parallel-hybrid-lb --data-parallel-size-local 8 "
        f"--data-parallel-start-rank 0 --data-parallel-address {leader} --data-parallel-rpc-port 13445"
    )


@pytest.mark.rule("workloads 6.4 worker (2)", "workloads 12 vLLM #6")
@pytest.mark.parametrize(
    ("addresses", "rank", "leader"),
    [
        pytest.param(
            GROVE,
            "$(( 4 * $((GROVE_PCLQ_POD_INDEX + 1)) ))",
            GROVE_LEADER,
            marks=pytest.mark.rule(
                "workloads 6.4 command python3, args -m dynamo.vllm --data-parallel-size 8 --tensor-parallel-size 2"
            ),
            id="grove",
        ),
        pytest.param(
            LWS,
            "$(( 4 * LWS_WORKER_INDEX ))",
            "$LWS_LEADER_ADDRESS",
            marks=pytest.mark.rule("W-22"),
            id="leader worker set",
        ),
    ],
)
def test_a_worker_of_copies_begins_where_its_leader_ends(addresses: Addresses, rank: str, leader: str) -> None:
    found = launch(a_node("python3", DATA, addresses=addresses, role=Role.WORKER))

    assert found.command == ("sh", "-c")
    assert found.args == (
        "exec python3 -m dynamo.vllm --data-parallel-size 8 --tensor-parallel-size 2 --data-parallel-hybrid-lb "
        f"--data-parallel-size-local 4 --data-parallel-start-rank {rank} --data-parallel-address {leader} "
        "--data-parallel-rpc-port 13445",
    )


@pytest.mark.rule("workloads 12 vLLM #6")
def test_copies_that_do_not_fill_a_node_leave_the_rest_of_it() -> None:
    found = launch(a_node("python3", "-m dynamo.vllm -tp 3 --data-parallel-size 4"))

    assert "--data-parallel-size-local 2 " in " ".join(found.args)


@pytest.mark.rule("workloads 10.4", "workloads 6.3 anything else")
def test_copies_in_a_text_of_the_user_get_their_flags_behind_the_module() -> None:
    found = launch(a_node("/bin/bash -c", ("python3 -m dynamo.vllm --model m --data-parallel-size 16",)))

    assert found.command == ("/bin/bash", "-c")
    assert found.args == (
        "python3 -m dynamo.vllm --data-parallel-hybrid-lb --data-parallel-size-local 8 --data-parallel-start-rank 0 "
        f"--data-parallel-address {GROVE_LEADER} --data-parallel-rpc-port 13445 --model m --data-parallel-size 16",
    )


@pytest.mark.rule("workloads 6.4 #6")
@pytest.mark.parametrize("said", ["--data-parallel-size 16", "--data-parallel-size=16", "-dp 16"])
def test_the_number_of_copies_is_never_said_twice(said: str) -> None:
    words = launch(a_node("python3", f"-m dynamo.vllm {said} --data-parallel-hybrid-lb")).args

    assert sum(word.partition("=")[0] in ("--data-parallel-size", "-dp") for word in words) == 1
    assert words.count("--data-parallel-hybrid-lb") == 2


@pytest.mark.rule("workloads 6.4 no args", "workloads 12 vLLM #1")
@pytest.mark.parametrize("gpus", [0, 8])
def test_no_args_stay_none(gpus: int) -> None:
    found = launch(a_node("python3 -m dynamo.vllm", gpus=gpus))

    assert (found.command, found.args) == (("python3", "-m", "dynamo.vllm"), ())


@pytest.mark.rule("workloads 6.4 otherwise", "W-23")
@pytest.mark.parametrize(("gpus", "why"), [(0, "its resources name no number of GPUs"), (8, "no more GPUs than one")])
def test_nodes_that_start_alone_say_why(gpus: int, why: str) -> None:
    assert why in launch(a_node("python3", "-m dynamo.vllm", gpus=gpus)).missed


@pytest.mark.rule("workloads 6.4 #2", "workloads 12 vLLM #7")
@pytest.mark.parametrize("args", [TENSOR, DATA, "-m dynamo.vllm"])
def test_only_the_leader_keeps_its_probes(args: str) -> None:
    spec: dict[str, Any] = {
        "resources": {"limits": {"gpu": "8"}},
        "livenessProbe": {"exec": {}},
        "extraPodSpec": {"mainContainer": {"command": ["python3"], "args": args.split()}},
    }

    leader = container_at(Layout(Role.LEADER, 2, GROVE), **spec)
    worker = container_at(Layout(Role.WORKER, 2, GROVE), **spec)

    assert leader.keys() >= PROBES
    assert not worker.keys() & PROBES


@pytest.mark.rule("workloads 12 vLLM #8", "workloads 6.1 #5")
def test_one_node_starts_as_it_was_written() -> None:
    container = container_at(
        ALONE,
        resources={"limits": {"gpu": "8"}},
        extraPodSpec={"mainContainer": {"command": ["python3"], "args": TENSOR.split()}},
    )

    assert (container["command"], container["args"]) == (["python3"], TENSOR.split())
    assert container.keys() >= PROBES


@pytest.mark.rule("W-23")
def test_an_unreadable_text_is_refused_under_ray_too() -> None:
    with pytest.raises(RenderError):
        launch(a_node("/bin/sh -c", ("python3 -m dynamo.vllm -tp 16 --x 'open",)))
