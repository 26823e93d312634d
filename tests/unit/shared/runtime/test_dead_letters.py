"""Dead letters: what is stored, and read back."""

from __future__ import annotations

import pytest

from shared.contracts.streams import DEAD_LETTERS, stream_specs
from shared.core.errors import InvalidObjectError, TemporaryError
from shared.core.resources import GRAPHS, Ref
from shared.runtime.dead_letters import DeadLetters, decode_dead_letter
from shared.runtime.decisions import Origin
from shared.testing.bus import FakeBus
from shared.testing.clock import FakeClock

pytestmark = pytest.mark.asyncio

CHAT = Ref(GRAPHS, "demo", "chat.v2")


async def some_letters() -> tuple[FakeBus, DeadLetters]:
    """Return letters and the bus that they go to."""
    clock = FakeClock()
    bus = FakeBus(clock)
    await bus.provision(stream_specs(), install="here")
    return bus, DeadLetters(bus, clock, Origin("rbac", "here", "1.2.3"))


async def test_a_letter_names_primary_reason_and_pass() -> None:
    bus, letters = await some_letters()

    await letters.put(CHAT, "the spec names no service", attempts=10, correlation="3f2a91c0.2", causation="event-1")

    (stored,) = bus.messages(DEAD_LETTERS)
    letter = decode_dead_letter(stored.body)
    assert stored.subject == "dynamo.dlq.rbac.dynamographdeployments.demo.chat=2Ev2"
    assert stored.headers["ce-type"] == "com.nvidia.dynamo.rbac.rejected.v1"
    assert (letter.primary, letter.reason, letter.attempts) == (CHAT, "the spec names no service", 10)
    assert (letter.service, letter.correlation, letter.causation) == ("rbac", "3f2a91c0.2", "event-1")


async def test_a_letter_that_was_not_taken_is_an_error_of_the_caller() -> None:
    bus, letters = await some_letters()
    bus.stop()

    with pytest.raises(TemporaryError):
        await letters.put(CHAT, "reason", attempts=1)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"service": "rbac", "unknown": 1}'])
async def test_anything_else_is_no_letter(body: bytes) -> None:
    with pytest.raises(InvalidObjectError, match="not a dead letter"):
        decode_dead_letter(body)


async def test_a_letter_about_an_unknown_resource_says_so() -> None:
    bus, letters = await some_letters()
    await letters.put(CHAT, "reason", attempts=1)
    (stored,) = bus.messages(DEAD_LETTERS)

    letter = decode_dead_letter(stored.body.replace(b"dynamographdeployments", b"somethings"))

    with pytest.raises(InvalidObjectError, match="somethings"):
        assert letter.primary
