"""What the simulator's command line gives."""

from pathlib import Path

import pytest

from lab.simulator.settings import settings

REQUIRED = ["--kubeconfig", "here"]


def test_only_the_kubeconfig_must_be_given() -> None:
    given = settings(REQUIRED)

    assert given.kubeconfig == Path("here")
    assert (given.nodes, given.seed, given.has_controllers, given.has_scheduler) == ("2x8xH100,2xcpu", 0, True, True)


def test_the_parts_that_a_genuine_cluster_has_can_be_left_out() -> None:
    given = settings([*REQUIRED, "--no-controllers", "--no-scheduler"])

    assert (given.has_controllers, given.has_scheduler) == (False, False)


def test_a_delay_is_a_range_or_a_number() -> None:
    given = settings([*REQUIRED, "--start-delay", "1-2", "--ready-delay", "3"])

    assert (given.delays.start, given.delays.ready) == ((1.0, 2.0), (3.0, 3.0))


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(["--speed", "0"], id="no speed"),
        pytest.param(["--nodes", "many"], id="unreadable nodes"),
        pytest.param(["--start-delay", "2-1"], id="a range the wrong way round"),
        pytest.param(["--sped", "2"], id="an unknown option"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refusal:
        settings([*REQUIRED, *wrong])

    assert refusal.value.code == 2
    assert wrong[0] in capsys.readouterr().err
