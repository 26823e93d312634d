"""When a server that says nothing is left for another one, and how.

Separate from the connection, because the client library alone is not enough in two ways: its own pings take twice their
interval to tell that a server is frozen, and to close a connection in order it waits, for ever, until such a server
takes what is still unsent. Invariant: a server is left only when it owed an answer and gave no sign of life for a
while; slow answers alone, as during an election, leave no server.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog
from nats.aio.client import Client

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Silence:
    """How long a server has said nothing although it was asked."""

    patience: timedelta
    _since: float = 0.0  # when the first of the unanswered requests came into doubt; 0 while the server is heard
    _is_leaving: bool = False

    def heard(self) -> None:
        """Take in a sign of life."""
        self._since, self._is_leaving = 0.0, False

    async def doubt(self, client: Client) -> None:
        """Ask a server for a sign of life, and leave it when it gives none.

        A request with a short deadline may end before the sign comes; whoever doubts next goes on where it stopped.
        """
        if not client.is_connected:
            return  # lost meanwhile
        loop = asyncio.get_running_loop()
        if self._since and loop.time() - self._since >= self.patience.total_seconds():
            self._leave(client)
            return
        self._since = self._since or loop.time()
        try:
            await self._sign(client)
        except TimeoutError:
            self._leave(client)

    async def _sign(self, client: Client) -> None:
        """Return when a server has answered a ping; raise TimeoutError when patience ends before that."""
        sign: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        sign.add_done_callback(lambda _: self.heard())  # also when it comes after the patience of whoever asked
        async with asyncio.timeout(self.patience.total_seconds()):
            await client._send_ping(sign)
            # Never cancelled, as by the library's own `flush`: it stops reading at a sign that nobody takes.
            await asyncio.shield(sign)

    def _leave(self, client: Client) -> None:
        if not self._is_leaving:
            self._is_leaving = True
            log.warning("event log server is silent, another one is looked for")
            abort(client)


def abort(client: Client) -> None:
    """Drop a connection without sending what waits; the library notices and looks for another server."""
    writer = getattr(client._transport, "_io_writer", None)  # it offers no such thing itself
    if writer is not None:
        writer.transport.abort()
