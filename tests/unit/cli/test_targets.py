"""Where a command finds its servers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli.failures import CommandError, Exit
from cli.targets import find_stack, find_target


@pytest.fixture(autouse=True)
def no_stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for stacks where there are none."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("DYNAMO_")]:
        monkeypatch.delenv(name)


def test_addresses_need_no_stack() -> None:
    target = find_target(kubeconfig=Path("/k"), context="c", nats="nats://a:1", etcd="b:2", install="prod")

    assert target.stack is None
    assert target.settings.kubeconfig == Path("/k")
    assert target.settings.context == "c"
    assert target.settings.nats_url == ("nats://a:1",)
    assert target.settings.etcd_endpoints == ("b:2",)
    assert target.settings.install == "prod"


def test_without_a_stack_and_addresses_it_says_how_to_go_on() -> None:
    with pytest.raises(CommandError, match="start one with dynamoctl up") as raised:
        find_target()

    assert raised.value.code is Exit.NOTHING_FOUND


def test_a_named_stack_that_does_not_run_is_named() -> None:
    with pytest.raises(CommandError, match="no stack 'other' is running"):
        find_stack("other")
