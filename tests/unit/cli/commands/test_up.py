from __future__ import annotations

from cli.commands.up import stack_options, with_nodes


def test_nodes_are_passed_on_to_the_simulator() -> None:
    options = with_nodes(stack_options("lab", [], [], 0, []), "4xcpu")

    assert options.simulator_arguments == ("--nodes", "4xcpu")


def test_without_nodes_the_simulator_chooses() -> None:
    options = with_nodes(stack_options("lab", [], [], 0, []), "")

    assert options.simulator_arguments == ()
