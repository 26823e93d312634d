"""Each row of the failure model on real processes: what serves feels nothing, what is asked for is done afterwards."""

from __future__ import annotations

import asyncio

import pytest

from tests.chaos.failures.drills import drill
from tests.chaos.failures.grounds import Ground
from tests.chaos.failures.outages import IN_TURN, Case


@pytest.mark.rule("design 9", "P-20", "P-27")
@pytest.mark.parametrize("case", IN_TURN, ids=lambda case: case.namespace)
def test_an_outage_leaves_no_trace(ground: Ground, case: Case) -> None:
    finding = asyncio.run(drill(ground, case.outage, lasts=case.lasts, namespace=case.namespace))

    assert "\n".join(finding.problems) == ""
