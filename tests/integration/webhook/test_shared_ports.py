"""Two replicas outside a cluster answer on one port, and either can go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from lab.launcher.processes import free_port
from services.webhook.certificates.pairs import Pair, new_authority, new_serving_pair
from services.webhook.listener import Listener
from tests.servers.waiting import let_connections_close

HOST = "127.0.0.1"

pytestmark = pytest.mark.asyncio


def pairs() -> tuple[bytes, Pair]:
    """Return what clients trust, and what is served."""
    now = datetime.now(UTC)
    authority = new_authority(now)
    return authority.certificate, new_serving_pair(authority, (HOST,), now=now, life=timedelta(days=1))


async def test_the_port_answers_when_one_of_two_replicas_has_closed() -> None:
    bundle, pair = pairs()
    port = free_port()
    first, second = (Listener(web.Application(), HOST, port, is_shared=True) for _ in range(2))
    await first.serve(pair)
    await second.serve(pair)

    await first.close()

    await second.prove(bundle, HOST)
    await second.close()
    await let_connections_close()


async def test_a_port_that_is_not_shared_is_taken_once() -> None:
    _, pair = pairs()
    port = free_port()
    first, second = (Listener(web.Application(), HOST, port) for _ in range(2))
    await first.serve(pair)

    with pytest.raises(OSError, match="address already in use"):
        await second.serve(pair)

    await first.close()
