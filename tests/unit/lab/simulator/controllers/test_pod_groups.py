"""What the status of a Volcano PodGroup says."""

import pytest

from lab.simulator.controllers.pod_groups import pod_group_status
from tests.unit.lab.simulator.objects import Document


def pods(*phases: str, node: str = "") -> list[Document]:
    return [{"spec": {"nodeName": node}, "status": {"phase": phase}} for phase in phases]


@pytest.mark.parametrize(
    ("present", "phase"),
    [
        pytest.param(pods(), "Pending", id="pending without pods"),
        pytest.param(pods("Pending"), "Pending", id="pending while pods are missing"),
        pytest.param(pods("Pending", "Pending"), "Inqueue", id="in the queue when they are all there"),
        pytest.param(pods("Running", "Running", node="n"), "Running", id="running when they run"),
        pytest.param(pods("Succeeded", "Failed", node="n"), "Completed", id="completed when they have ended"),
    ],
)
def test_a_group_is_where_its_pods_are(present: list[Document], phase: str) -> None:
    assert pod_group_status({"spec": {"minMember": 2}}, present)["phase"] == phase
