"""Every command's help ends in an example, and the example works."""

from __future__ import annotations

import shlex

import pytest
import typer

from cli.app import application
from cli.failures import Exit
from tests.e2e.stacks import LiveStack, dynamoctl

MARK = "Example: "

# What an example needs so that a test can run it: to end by itself, and a stack of its own.
ENDS = {"tail": ["--count", "1"]}
EMPTY = {"dlq show": {Exit.NOTHING_FOUND}}  # a healthy stack has no dead letter to show
ELSEWHERE = {  # run as they stand by other tests, since they start or stop whole stacks
    "up": "tests/e2e/test_stacks.py",
    "down": "tests/e2e/test_stacks.py",
    "demo": "tests/e2e/test_demo.py",
}


def commands() -> dict[str, str]:
    """Return the help of every command, by its name."""
    found: dict[str, str] = {}

    def walk(group: object, path: tuple[str, ...]) -> None:
        members = getattr(group, "commands", None)
        if members is None:
            found[" ".join(path)] = getattr(group, "help", "") or ""
            return
        for name, member in members.items():
            walk(member, (*path, name))

    walk(typer.main.get_command(application()), ())
    return found


def example_of(help_text: str) -> list[str]:
    """Return the arguments of a help text's example."""
    line = next(line for line in help_text.splitlines() if line.strip().startswith(MARK))
    words = shlex.split(line.strip().removeprefix(MARK))
    assert words[0] == "dynamoctl"
    return words[1:]


@pytest.mark.parametrize("name", sorted(commands()))
def test_the_help_of_a_command_has_an_example_of_it(name: str) -> None:
    example = example_of(commands()[name])

    assert " ".join(example).startswith(name)


@pytest.fixture(scope="module")
def stack_with_the_example(stack: LiveStack) -> LiveStack:
    """Return the stack with the graph that the examples speak of."""
    stack.create_namespaces(["demo"])
    stack.kubectl("apply", "-n", "demo", "-f", "examples/disaggregated-planner.yaml")
    stack.kubectl("wait", "-n", "demo", "--for=condition=Ready", "dgd/chat", "--timeout=60s")
    return stack


@pytest.mark.parametrize("name", sorted(set(commands()) - set(ELSEWHERE)))
@pytest.mark.usefixtures("stack_with_the_example")
def test_the_example_of_a_command_works(name: str) -> None:
    done = dynamoctl(*example_of(commands()[name]), *ENDS.get(name, []))

    assert done.returncode in EMPTY.get(name, {Exit.DONE}), done.stderr
    assert "Traceback" not in done.stderr
