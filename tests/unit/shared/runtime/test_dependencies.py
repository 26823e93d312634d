"""Waiting for a dependency: pauses, reasons, and what is not waited for."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from shared.core.errors import PermanentError, UnreachableError
from shared.runtime.dependencies import LONGEST_DELAY, wait_for
from shared.runtime.health import Readiness
from shared.testing.clock import FakeClock

pytestmark = pytest.mark.asyncio


class Server:
    """Answers after some attempts."""

    def __init__(self, *, refuses: int) -> None:
        self.attempts = 0
        self.refuses = refuses

    async def ask(self) -> str:
        self.attempts += 1
        if self.attempts <= self.refuses:
            raise UnreachableError("nobody there")
        return "answer"


async def test_an_answer_at_once_needs_no_pause_and_no_line() -> None:
    readiness = Readiness("unit")

    with capture_logs() as lines:
        answer = await wait_for("etcd", Server(refuses=0).ask, readiness=readiness, clock=FakeClock())

    assert (answer, readiness.fine, lines) == ("answer", ("etcd",), [])


async def test_a_missing_server_is_waited_for_with_one_line_and_a_reason() -> None:
    readiness, clock, server = Readiness("unit"), FakeClock(), Server(refuses=20)

    with capture_logs() as lines:
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(wait_for("etcd", server.ask, readiness=readiness, clock=clock))
            await clock.advance(timedelta(seconds=1))
            reasons = readiness.waiting
            await clock.advance(LONGEST_DELAY * 20)

    assert waiting.result() == "answer"
    assert reasons == {"etcd": "nobody there"}
    assert [line["event"] for line in lines] == ["waiting for a dependency", "dependency is there"]


async def test_pauses_grow_and_stay_bounded() -> None:
    clock, server = FakeClock(), Server(refuses=1000)

    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(wait_for("etcd", server.ask, readiness=Readiness("unit"), clock=clock))
        await clock.advance(timedelta(minutes=5))
        waiting.cancel()

    assert 60 <= server.attempts <= 140


async def test_what_waiting_cannot_heal_is_raised() -> None:
    async def refuse() -> None:
        raise PermanentError("another installation")

    with pytest.raises(PermanentError, match="another installation"):
        await wait_for("etcd", refuse, readiness=Readiness("unit"), clock=FakeClock())
