"""The lines that launches make, read by real shells."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from services.reconciler.desired.addresses import GROVE, LWS
from services.reconciler.desired.layouts import Addresses, Role
from tests.contract.launches.places import LEADERS, NODES, ORCHESTRATORS, VARIABLES, Place, container_at
from tests.kubelet import started

AWKWARD = ['{"a": "b c"}', "it's", '"', "$HOME", "`id`", "*", "a;b && c", "two\nlines", "back\\slash", "", "~", "#"]
SHELLS = [found for name in ("dash", "bash", "sh") if (found := shutil.which(name))]
SIZES = {
    "ray": ("vllm", ["--tensor-parallel-size", "16"]),
    "data": ("vllm", ["--data-parallel-size", "24"]),
    "sglang": ("sglang", ["--tp-size", "8"]),
    "trtllm": ("trtllm", ["--model-path", "m"]),
}


def commands(launch: str, form: str) -> tuple[list[str], list[str]]:
    """Return command and arguments of an engine as words, or as a text for a shell."""
    module, flags = SIZES[launch]
    if form == "words":
        return ["python3", "-m", f"dynamo.{module}"], flags
    text = f"echo 'it begins' && python3 -m dynamo.{module} {' '.join(flags)} --name \"it's\""
    return ["/bin/sh", "-c"], [text]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def start(place: Place, launch: str, role: Role, addresses: Addresses, *more: str) -> None:
    command, args = commands(launch, "words")
    place.start(container_at(role, addresses, command, [*args, *more]), addresses)


def can_read(shell: str, line: str) -> bool:
    return subprocess.run([shell, "-n", "-c", line], capture_output=True, check=False, timeout=30).returncode == 0


def value_of(flag: str, words: list[str]) -> str:
    return words[words.index(flag) + 1]


@pytest.mark.rule("W-22", "W-26", "W-27")
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("addresses", ORCHESTRATORS, ids=["grove", "lws"])
@pytest.mark.parametrize("role", [Role.LEADER, Role.WORKER])
@pytest.mark.parametrize("form", ["words", "text"])
@pytest.mark.parametrize("launch", SIZES)
def test_every_line_is_one_that_shells_can_read(
    launch: str, form: str, role: Role, addresses: Addresses, shell: str
) -> None:
    container = container_at(role, addresses, *commands(launch, form))
    lines = [word for word in started((), container["args"], VARIABLES[addresses]) if " " in word]

    assert [line for line in lines if not can_read(shell, line)] == []


@pytest.mark.rule("W-26", "workloads 6.4 #4", "workloads 6.6 #5")
@pytest.mark.parametrize(
    ("launch", "role", "addresses"),
    [
        pytest.param("ray", Role.LEADER, GROVE, id="behind ray"),
        pytest.param("data", Role.WORKER, LWS, id="behind exec with vLLM"),
        pytest.param("sglang", Role.WORKER, GROVE, id="behind exec with SGLang"),
        pytest.param("sglang", Role.WORKER, LWS, id="without a shell"),
        pytest.param("trtllm", Role.LEADER, GROVE, id="behind mpirun"),
        pytest.param("trtllm", Role.LEADER, LWS, id="behind the wait and mpirun"),
    ],
)
def test_the_words_of_the_user_reach_the_engine_as_they_were_written(
    place: Place, launch: str, role: Role, addresses: Addresses
) -> None:
    module, flags = SIZES[launch]

    start(place, launch, role, addresses, *AWKWARD)

    given = ["-m", f"dynamo.{module}", *flags, *AWKWARD]
    assert place.called("python3")[: len(given)] == given


@pytest.mark.rule("W-26")
@pytest.mark.parametrize("launch", ["ray", "trtllm"])
def test_a_text_of_the_user_runs_whole_in_its_own_shell(place: Place, launch: str) -> None:
    module, flags = SIZES[launch]

    place.start(container_at(Role.LEADER, GROVE, *commands(launch, "text")), GROVE)

    words = place.called("python3")
    assert words[:2] == ["-m", f"dynamo.{module}"]
    assert words[-len(flags) - 2 :] == [*flags, "--name", "it's"]


@pytest.mark.rule("W-22", "workloads 6.4 #5")
@pytest.mark.parametrize(
    ("addresses", "first"), [pytest.param(GROVE, "16", id="grove"), pytest.param(LWS, "16", id="lws")]
)
def test_a_worker_of_copies_begins_behind_those_before_it(place: Place, addresses: Addresses, first: str) -> None:
    start(place, "data", Role.WORKER, addresses)

    words = place.called("python3")
    assert value_of("--data-parallel-start-rank", words) == first
    assert value_of("--data-parallel-address", words) == LEADERS[addresses]


@pytest.mark.rule("W-22", "workloads 6.5 #1")
@pytest.mark.parametrize("addresses", ORCHESTRATORS, ids=["grove", "lws"])
@pytest.mark.parametrize(("role", "rank"), [(Role.LEADER, "0"), (Role.WORKER, "2")])
def test_each_node_of_sglang_knows_the_leader_and_its_rank(
    place: Place, role: Role, rank: str, addresses: Addresses
) -> None:
    start(place, "sglang", role, addresses)

    words = place.called("python3")
    assert value_of("--dist-init-addr", words) == f"{LEADERS[addresses]}:29500"
    assert (value_of("--nnodes", words), value_of("--node-rank", words)) == (str(NODES), rank)


@pytest.mark.rule("workloads 6.4 leader", "workloads 6.4 worker")
@pytest.mark.parametrize("addresses", ORCHESTRATORS, ids=["grove", "lws"])
@pytest.mark.parametrize("role", [Role.LEADER, Role.WORKER])
def test_ray_starts_where_it_should(place: Place, role: Role, addresses: Addresses) -> None:
    start(place, "ray", role, addresses)

    joins = ["start", f"--address={LEADERS[addresses]}:6379", "--block"]
    assert place.called("ray") == (joins if role is Role.WORKER else ["start", "--head", "--port=6379"])


@pytest.mark.rule("workloads 6.2 #2", "workloads 6.6 #4", "workloads 12 TRT-LLM #4")
@pytest.mark.parametrize(
    ("addresses", "hosts"),
    [
        pytest.param(LWS, "g-w-0.g-w-0.llm,g-w-0-1.g-w-0.llm,g-w-0-2.g-w-0.llm", id="lws"),
        pytest.param(
            GROVE,
            ",".join(f"g-0-w-0-w-{pod}.g-0.llm.svc.cluster.local" for pod in ("ldr-0", "wkr-0", "wkr-1")),
            id="grove",
        ),
    ],
)
def test_mpirun_gets_the_host_names_of_all_pods(place: Place, addresses: Addresses, hosts: str) -> None:
    start(place, "trtllm", Role.LEADER, addresses)

    words = place.called("mpirun")
    assert value_of("-H", words) == hosts
    assert value_of("-n", words) == str(NODES * 8)


@pytest.mark.rule("W-27")
@pytest.mark.parametrize(("user", "is_allowed"), [(0, True), (1000, False)])
def test_mpirun_runs_as_root_only_where_it_is_root(tmp_path: Path, user: int, is_allowed: bool) -> None:
    place = Place(tmp_path, user=user)

    start(place, "trtllm", Role.LEADER, GROVE)

    words = place.called("mpirun")
    assert ("--allow-run-as-root" in words) is is_allowed
    assert value_of("plm_rsh_args", words).endswith(f" -i {place.home}/.ssh/id_rsa")


@pytest.mark.rule("W-27", "workloads 6.6 #3", "workloads 6.6 #7")
@pytest.mark.parametrize("role", [Role.LEADER, Role.WORKER])
def test_keys_and_configuration_lie_below_home_for_nobody_else_to_read(place: Place, role: Role) -> None:
    start(place, "trtllm", role, GROVE)

    folder = place.home / ".ssh"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir() if path.is_file()}
    assert (modes["id_rsa"], modes["authorized_keys"], modes["id_rsa.pub"]) == (0o600, 0o600, 0o644)
    assert (folder / "config").read_text() == (
        f"Host *\nIdentityFile {folder}/id_rsa\nStrictHostKeyChecking no\nPort 2222\n"
    )


@pytest.mark.rule("W-27", "workloads 6.6 #7")
def test_a_worker_serves_with_the_configuration_it_wrote(place: Place) -> None:
    start(place, "trtllm", Role.WORKER, LWS)

    folder = place.home / ".ssh"
    assert place.called("sshd") == ["-D", "-f", f"{folder}/sshd_config"]
    lines = (folder / "sshd_config").read_text().splitlines()
    assert lines == [
        "Port 2222",
        *(f"HostKey {folder}/host_keys/ssh_host_{kind}_key" for kind in ("rsa", "ecdsa", "ed25519")),
        f"PidFile {folder}/run/sshd.pid",
        "PermitRootLogin prohibit-password",
        "PasswordAuthentication no",
        "PubkeyAuthentication yes",
        f"AuthorizedKeysFile {folder}/authorized_keys",
        "StrictModes no",
    ]
