"""One look with a deadline: whatever goes wrong with a server is a reason, and nothing else."""

from __future__ import annotations

import asyncio

import pytest

from cli.examinations.looking import look
from cli.failures import CommandError
from cli.findings.evidence import Unseen
from shared.core.errors import ForbiddenError, UnreachableError

pytestmark = pytest.mark.asyncio


async def fail_with(*errors: Exception) -> int:
    """Fail as several tasks at once do."""

    async def fail(error: Exception) -> None:
        raise error

    async with asyncio.TaskGroup() as tasks:
        for error in errors:
            tasks.create_task(fail(error))
    return 0


async def test_a_look_brings_what_was_seen() -> None:
    async def see() -> int:
        return 7

    assert await look(see) == 7


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(UnreachableError("away"), id="a server that is away"),
        pytest.param(ForbiddenError("away"), id="a refused permission"),
        pytest.param(OSError("away"), id="a broken connection"),
        pytest.param(CommandError("away"), id="a target that cannot be opened"),
    ],
)
async def test_a_failure_is_a_reason_also_out_of_several_tasks(error: Exception) -> None:
    assert await look(lambda: fail_with(error)) == Unseen("away")


async def test_a_server_that_gives_no_answer_costs_its_deadline_only() -> None:
    assert await look(asyncio.Event().wait, deadline=0.01) == Unseen("no answer within 0.01 s")


async def test_a_bug_is_not_taken_for_a_server_that_is_away() -> None:
    with pytest.raises(ExceptionGroup):
        await look(lambda: fail_with(KeyError("bug")))
