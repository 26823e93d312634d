"""The sockets under the connections to the API server: how they notice a peer that is gone, and how they end.

A TLS connection that is closed in order waits for the peer's good-bye, for half a minute, and the session forgets it
at once: a request that was given up leaves such a connection behind. Whoever ends the session hangs up on them here,
so that nothing stays open after it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from weakref import WeakSet

from aiohttp.connector import AddrInfoType

_KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}  # seconds, seconds, probes
_TURNS_TO_CLOSE = 20  # of the event loop: a transport that reads the end closes its socket some turns later


class Sockets:
    """Every socket of one session that is still in use."""

    def __init__(self) -> None:
        """Start without any."""
        self._made: WeakSet[socket.socket] = WeakSet()

    def open(self, address: AddrInfoType) -> socket.socket:
        """Return a socket that notices within a minute that its peer is gone: a watch at rest hears nothing."""
        family, kind, protocol, _, _ = address
        made = socket.socket(family, kind, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE.items():
            if hasattr(socket, option):  # macOS calls some of them otherwise, and has defaults
                made.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        self._made.add(made)
        return made

    async def hang_up(self) -> None:
        """End every connection without a good-bye, and give the event loop the turns in which they close."""
        for made in self._open():
            with contextlib.suppress(OSError):  # one that is not connected
                made.shutdown(socket.SHUT_RDWR)
        for _ in range(_TURNS_TO_CLOSE):
            if not self._open():
                return
            await asyncio.sleep(0)

    def _open(self) -> list[socket.socket]:
        return [made for made in self._made if made.fileno() >= 0]
