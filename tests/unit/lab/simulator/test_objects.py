"""What is read out of Kubernetes objects, and what is drawn from a seed."""

import pytest

from lab.simulator.chances import between, suffix
from lab.simulator.objects import differs, matches, moment, timestamp
from tests.unit.lab.simulator.objects import NOW, STAMP, Document


def test_times_are_written_and_read_as_the_api_does() -> None:
    assert timestamp(NOW) == STAMP
    assert moment(STAMP) == NOW


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        pytest.param(None, False, id="no selector matches nothing"),
        pytest.param({}, True, id="an empty selector matches everything"),
        pytest.param({"matchLabels": {"app": "web"}}, True, id="labels"),
        pytest.param({"matchExpressions": [{"key": "app", "operator": "In", "values": ["x"]}]}, False, id="In"),
        pytest.param({"matchExpressions": [{"key": "none", "operator": "NotIn", "values": ["x"]}]}, True, id="NotIn"),
    ],
)
def test_a_label_selector_matches(selector: Document | None, expected: bool) -> None:
    assert matches(selector, {"app": "web"}) is expected


def test_absent_and_empty_are_the_same() -> None:
    assert not differs({"count": None, "list": []}, {"count": 0}, ("count", "list"))
    assert differs({"count": 1}, {}, ("count",))


def test_the_same_seed_draws_the_same() -> None:
    assert between(1, 2, 7, "a") == between(1, 2, 7, "a")
    assert suffix(7, "a") != suffix(8, "a")
    assert 1 <= between(1, 2, 7, "a") < 2
