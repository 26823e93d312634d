"""Requests and answers between processes: who serves is found at once, also after the server was away.

Where it matters that somebody has begun or ended to serve, the same connection asks: a server takes what one connection
sends in its order, and what two send in any.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.core.errors import TemporaryError, UnreachableError
from shared.ports.bus import NoRespondersError
from shared.testing.eventually import eventually
from tests.contract.bus.bench import Bench

pytestmark = pytest.mark.asyncio

PATIENCE = timedelta(seconds=2)
SHORT = timedelta(milliseconds=200)


async def echo(subject: str, body: bytes) -> bytes | None:
    """Answer with the last token of the subject and the question."""
    return f"{subject.rpartition('.')[2]}: {body.decode()}".encode()


async def silence(subject: str, body: bytes) -> bytes | None:
    """Leave the answer to somebody else."""
    return None


def question(bench: Bench, verb: str) -> str:
    """Return a subject that no stream takes."""
    return f"asked.{bench.prefix}.{verb}"


async def test_whoever_serves_a_subject_answers_with_the_subject_at_hand(bench: Bench) -> None:
    async with bench.log.serve(question(bench, "*"), echo):
        answer = await bench.log.request(question(bench, "status"), b"how is it?", within=PATIENCE)

    assert answer == b"status: how is it?"


async def test_a_subject_that_nobody_serves_is_refused_at_once(bench: Bench) -> None:
    with pytest.raises(NoRespondersError):
        await bench.other.request(question(bench, "status"), b"", within=timedelta(hours=1))


async def test_nobody_answers_when_the_block_has_ended(bench: Bench) -> None:
    async with bench.log.serve(question(bench, "*"), echo):
        pass

    with pytest.raises(NoRespondersError):
        await bench.log.request(question(bench, "status"), b"", within=timedelta(hours=1))


async def test_who_declines_leaves_the_answer_to_another_server(bench: Bench) -> None:
    async with bench.log.serve(question(bench, "*"), silence), bench.other.serve(question(bench, "*"), echo):
        answer = await bench.other.request(question(bench, "status"), b"?", within=PATIENCE)

    assert answer == b"status: ?"


async def test_a_question_that_everybody_declines_ends_with_its_deadline(bench: Bench) -> None:
    async with bench.log.serve(question(bench, "*"), silence):
        with pytest.raises(UnreachableError) as refused:
            await bench.log.request(question(bench, "status"), b"", within=SHORT)

    assert not isinstance(refused.value, NoRespondersError)


async def test_a_subject_is_served_again_after_the_server_was_away(crashable: Bench) -> None:
    answers: list[bytes] = []

    async def is_answered() -> bool:
        try:
            answers.append(await crashable.other.request(question(crashable, "status"), b"?", within=PATIENCE))
        except TemporaryError:
            return False
        return True

    async with crashable.log.serve(question(crashable, "*"), echo):
        await crashable.server.kill()
        await crashable.server.start()
        await eventually(is_answered)

    assert answers == [b"status: ?"]
