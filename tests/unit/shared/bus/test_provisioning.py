"""How streams are configured and repaired."""

from __future__ import annotations

import pytest

from shared.bus.provisioning import repair, stream_configuration, wanted_replicas
from shared.contracts.streams import CHANGES, INSTALL_KEY, stream_specs
from shared.core.errors import ForeignInstallationError

CHANGES_SPEC, DECISIONS_SPEC, DEAD_LETTERS_SPEC = stream_specs()


@pytest.mark.parametrize(
    ("configured", "servers", "expected"),
    [
        pytest.param(0, 1, 1, id="one server keeps one copy"),
        pytest.param(0, 2, 1, id="two servers have no majority"),
        pytest.param(0, 3, 3, id="three servers keep three"),
        pytest.param(0, 5, 3, id="five servers keep three"),
        pytest.param(1, 3, 1, id="the setting decides"),
    ],
)
def test_copies_follow_the_number_of_servers(configured: int, servers: int, expected: int) -> None:
    assert wanted_replicas(configured, servers) == expected


def test_the_change_log_keeps_the_newest_of_each_subject_without_age() -> None:
    configuration = stream_configuration(CHANGES_SPEC, install="a", replicas=3)

    assert configuration["name"] == CHANGES
    assert configuration["subjects"] == ["dynamo.changes.>", "dynamo.synced.>"]
    assert (configuration["max_msgs_per_subject"], configuration["max_age"]) == (16, 0)
    assert (configuration["storage"], configuration["num_replicas"]) == ("file", 3)


def test_decisions_are_kept_by_age_and_size() -> None:
    configuration = stream_configuration(DECISIONS_SPEC, install="a", replicas=1)

    assert configuration["max_age"] == 7 * 24 * 3600 * 1_000_000_000
    assert configuration["max_bytes"] == 1 << 30


def test_a_stream_that_is_right_is_left_alone() -> None:
    wanted = stream_configuration(CHANGES_SPEC, install="a", replicas=1)
    present = {**wanted, "max_consumers": -1, "metadata": {INSTALL_KEY: "a", "_nats.level": "1"}}

    assert repair(present, wanted, install="a") is None


def test_a_repair_keeps_what_others_set_and_never_takes_copies_away() -> None:
    wanted = stream_configuration(CHANGES_SPEC, install="a", replicas=1)
    present = {**wanted, "max_msgs_per_subject": 1, "num_replicas": 3, "compression": "s2"}

    assert repair(present, wanted, install="a") == {**wanted, "num_replicas": 3, "compression": "s2"}


def test_a_stream_without_an_owner_is_taken_over() -> None:
    wanted = stream_configuration(DEAD_LETTERS_SPEC, install="a", replicas=1)

    repaired = repair({**wanted, "metadata": {}}, wanted, install="a")

    assert repaired is not None
    assert repaired["metadata"] == {INSTALL_KEY: "a"}


def test_a_stream_of_another_installation_is_named() -> None:
    wanted = stream_configuration(CHANGES_SPEC, install="a", replicas=1)

    with pytest.raises(ForeignInstallationError, match=r"DYNAMO_CHANGES belongs to installation 'b'"):
        repair({**wanted, "metadata": {INSTALL_KEY: "b"}}, wanted, install="a")
