"""Every command in the README works, in the order in which a reader meets them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from lab.launcher.orphans import ORPHANAGE
from tests.contract.docs.pages import ROOT, Page, commands_of
from tests.e2e.shells import Shell

README = Page(ROOT / "README.md")
COMMANDS = [command for block in README.blocks for command in commands_of(block)]
BEGIN = "KEEP=1 make demo"
ELSEWHERE = {  # what runs a command as it stands, where this test does not
    "make demo": "tests/e2e/test_demo.py",
    "make test": "scripts/test_folders.py",  # the run that this test is part of
    "docker compose up --detach --build": "tests/e2e/test_compose.py",
    "docker compose logs --follow events": "tests/e2e/test_compose.py",
    "docker compose exec --no-TTY apiserver kubectl apply --filename=- < examples/aggregated.yaml": (
        "tests/e2e/test_compose.py"
    ),
    "docker compose down --volumes": "tests/e2e/test_compose.py",
    "KUBECONFIG_FILE=~/.kube/config COMPOSE_PROFILES= docker compose up --detach --build": (
        "tests/contract/compose/test_names.py"
    ),
}
ENDLESS = {"dynamoctl tail --name demo -n demo --since-start"}
RUN = [command for command in COMMANDS if command not in {*ELSEWHERE, BEGIN}]
# A reader uses the commands on an own cluster and stops the demo at another time; here all need the stack.
IN_ORDER = sorted(RUN, key=lambda command: "down" in command.split())


@dataclass(frozen=True, slots=True)
class Followed:
    """A reader with a running demo: the shell, and how the demo ended."""

    shell: Shell
    demo: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Followed]:
    """Somebody who left the demo running and has a kubeconfig of their own; nothing of it is left."""
    shell = Shell(tmp_path_factory.mktemp("home"), "demo")
    try:
        demo = shell.run(BEGIN)
        for group in shell.process_groups():  # a kept stack outlives its starter, but not this run
            ORPHANAGE.add(group)
        own = shell.home / ".kube" / "config"
        own.parent.mkdir()
        shutil.copyfile(shell.stack / "kubeconfig", own)
        yield Followed(shell, demo)
    finally:
        groups = shell.process_groups()
        shell.run("dynamoctl down --name demo --purge")
        for group in groups:
            ORPHANAGE.discard(group)


def test_every_command_that_is_run_elsewhere_is_still_in_the_readme() -> None:
    assert set(ELSEWHERE) <= set(COMMANDS)
    assert [path for path in ELSEWHERE.values() if not (ROOT / path).is_file()] == []


def test_the_demo_can_be_left_running(reader: Followed) -> None:
    assert reader.demo.returncode == 0, f"{reader.demo.stdout}{reader.demo.stderr}"
    assert "stop it with:" in reader.demo.stdout


def test_the_demo_prints_what_the_readme_shows(reader: Followed) -> None:
    shown = next(block.body for block in README.blocks if block.body.startswith("$ make demo")).splitlines()[1:]
    printed = {_shape(line) for line in f"{reader.demo.stdout}{reader.demo.stderr}".splitlines()}

    assert [line for line in shown if line != "..." and _shape(line) not in printed] == []


@pytest.mark.parametrize("command", IN_ORDER)
def test_the_command_works(reader: Followed, command: str) -> None:
    if command in ENDLESS:
        assert reader.shell.first_line(command)
        return
    done = reader.shell.run(command)

    assert done.returncode == 0, f"{done.stdout}{done.stderr}"


def _shape(line: str) -> str:
    """Return a line without what differs from run to run: numbers, generated names, and the width of columns."""
    if line.startswith("API requests:"):
        return "API requests:"  # who asked most comes first
    line = re.sub(r"(chat-\w+)-[a-z0-9]+-[a-z0-9]{5}\b", r"\1-POD", line)
    line = re.sub(r"\b[0-9a-f]{8}\.\d+", "ID", line)
    line = re.sub(r"gpu-h100-\d+(,gpu-h100-\d+)*", "NODES", line)  # pods of a service may share a node
    return re.sub(r"\s+", " ", re.sub(r"\d+", "N", line)).strip()
