"""Which drills run only in the long form, and how a drill lets time go by."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from shared.testing.eventually import eventually
from tests.chaos.seeds import IS_LONG

long_form = pytest.mark.skipif(not IS_LONG, reason="a long form: DYNAMO_CHAOS=long")


async def outage(length: timedelta) -> None:
    """Return when an outage has lasted for so long."""
    loop = asyncio.get_running_loop()
    over = loop.time() + length.total_seconds()
    await eventually(lambda: loop.time() > over, within=2 * length)
