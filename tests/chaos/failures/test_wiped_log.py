"""NATS loses its disk under 300 graphs that serve: nothing is written to them, with the owners they had or new ones."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.chaos.failures.conftest import CROWDED
from tests.chaos.failures.drills import Outage, drill
from tests.chaos.failures.grounds import Ground
from tests.chaos.failures.outages import wiped_beside
from tests.chaos.seeds import IS_LONG

LASTS = timedelta(seconds=6)
OUTAGES = (wiped_beside(), wiped_beside("reconciler", "rbac", "discovery"))

pytestmark = pytest.mark.skipif(not IS_LONG, reason="a form for make drill")


@pytest.mark.rule("P-05")
@pytest.mark.parametrize(("namespace", "outage"), list(zip(CROWDED, OUTAGES, strict=True)), ids=CROWDED)
def test_graphs_do_not_feel_that_the_log_was_lost(crowd: Ground, namespace: str, outage: Outage) -> None:
    finding = asyncio.run(drill(crowd, outage, lasts=LASTS, namespace=namespace))

    assert "\n".join(finding.problems) == ""
