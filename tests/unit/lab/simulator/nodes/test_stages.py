"""What a pod is doing, by the time since it was placed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.simulator.nodes.faults import Fault
from lab.simulator.nodes.stages import Pace, Phase, Stage, Task, stage

PACE = Pace(until_running=1, until_ready=2)


@pytest.mark.parametrize(
    ("fault", "elapsed", "expected"),
    [
        pytest.param(None, 0, Stage(Phase.CREATING, 0, 1), id="its containers are created first"),
        pytest.param(None, 1.5, Stage(Phase.RUNNING, 1, 3), id="then they run"),
        pytest.param(None, 99, Stage(Phase.READY, 3, None), id="then it is ready and stays so"),
        pytest.param(Fault.NEVER_READY, 99, Stage(Phase.RUNNING, 1, None), id="never ready: it runs for ever"),
        pytest.param(Fault.IMAGE_PULL, 1.5, Stage(Phase.PULL_FAILED, 1, 2), id="image pull: it fails first"),
        pytest.param(Fault.IMAGE_PULL, 99, Stage(Phase.PULL_BACK_OFF, 2, None), id="image pull: then it backs off"),
        pytest.param(Fault.CRASH_LOOP, 1.5, Stage(Phase.RUNNING, 1, 2, 0), id="crash loop: it runs"),
        pytest.param(Fault.CRASH_LOOP, 2.5, Stage(Phase.CRASHED, 2, 3, 0), id="crash loop: it ends"),
        pytest.param(Fault.CRASH_LOOP, 5, Stage(Phase.CRASH_BACK_OFF, 3, 13, 0), id="crash loop: it waits 10 s"),
        pytest.param(Fault.CRASH_LOOP, 20, Stage(Phase.CRASH_BACK_OFF, 15, 35, 1), id="crash loop: then 20 s"),
        pytest.param(Fault.OUT_OF_MEMORY, 2.5, Stage(Phase.CRASHED, 2, 3, 0), id="out of memory is a crash"),
    ],
)
def test_a_pod_goes_through_its_stages(fault: Fault | None, elapsed: float, expected: Stage) -> None:
    assert stage(PACE, fault, elapsed) == expected


@pytest.mark.parametrize(
    ("fault", "is_repeated", "elapsed", "expected"),
    [
        pytest.param(None, False, 2, Stage(Phase.READY, 1, 6), id="it works"),
        pytest.param(None, False, 99, Stage(Phase.SUCCEEDED, 6, None), id="and is done"),
        pytest.param(Fault.CRASH_LOOP, False, 99, Stage(Phase.FAILED, 2, None), id="a crash is its end"),
        pytest.param(Fault.CRASH_LOOP, True, 2.5, Stage(Phase.CRASHED, 2, 3, 0), id="unless it is started again"),
    ],
)
def test_a_pod_with_a_task_ends(fault: Fault | None, is_repeated: bool, elapsed: float, expected: Stage) -> None:
    pace = Pace(until_running=1, until_ready=2, task=Task(5, is_repeated=is_repeated))

    assert stage(pace, fault, elapsed) == expected


def test_speed_shortens_the_pauses_between_restarts() -> None:
    assert Pace(1, 2, speed=10).back_off(0) == 1.0
    assert Pace(1, 2).back_off(20) == 300.0


@given(fault=st.sampled_from([None, *Fault]), elapsed=st.floats(0, 5000))
@settings(max_examples=60, deadline=None)
def test_every_moment_lies_within_its_stage(fault: Fault | None, elapsed: float) -> None:
    found = stage(PACE, fault, elapsed)

    assert found.since <= elapsed
    assert found.until is None or elapsed < found.until
