from __future__ import annotations

import pytest

from cli.commands.up import offered, stack_options, with_members, with_nodes
from cli.failures import CommandError


def test_nodes_are_passed_on_to_the_simulator() -> None:
    options = with_nodes(stack_options("lab", [], [], 0, []), "4xcpu")

    assert options.simulator_arguments == ("--nodes", "4xcpu")


def test_without_nodes_the_simulator_chooses() -> None:
    options = with_nodes(stack_options("lab", [], [], 0, []), "")

    assert options.simulator_arguments == ()


def test_a_stack_has_as_many_members_as_asked() -> None:
    options = with_members(stack_options("lab", [], [], 0, []), nats=3, etcd=1)

    assert (options.nats_members, options.etcd_members) == (3, 1)


@pytest.mark.parametrize(("nats", "etcd"), [(2, 1), (1, 0), (1, 5)])
def test_other_numbers_of_members_are_refused(nats: int, etcd: int) -> None:
    with pytest.raises(CommandError, match="it is 1 or 3"):
        with_members(stack_options("lab", [], [], 0, []), nats=nats, etcd=etcd)


def test_what_a_stack_offers_is_a_list_with_commas() -> None:
    options = stack_options("lab", offered("grove, lws,grove"), [], 0, [])

    names = [path.name for path in options.crd_files if path.parent.name in ("grove", "lws")]
    assert names == [
        "podcliques.yaml",
        "podcliquescalinggroups.yaml",
        "podcliquesets.yaml",
        "leaderworkersets.yaml",
        "podgroups.yaml",
    ]


def test_an_offer_that_the_lab_does_not_know_is_refused() -> None:
    with pytest.raises(CommandError, match="unknown capability 'ray': the lab knows grove, istio, kai, lws"):
        stack_options("lab", offered("ray"), [], 0, [])
