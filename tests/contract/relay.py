"""A relay between a client and a server that can lose answers: the only way to make a write happen unseen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Relay:
    """Passes bytes both ways until a test says otherwise."""

    def __init__(self, address: str) -> None:
        """Remember the server's `host:port`."""
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self._writers: list[asyncio.StreamWriter] = []
        self._loses_answers = False
        self._refuses = False
        self._served = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.address = ""

    def lose_answers(self) -> None:
        """Let requests through, but none of the answers."""
        self._loses_answers = True

    def refuse(self) -> None:
        """Break all connections and accept no new ones."""
        self._refuses = True
        self.cut()

    def accept(self) -> None:
        """Accept connections again."""
        self._refuses = False

    def cut(self) -> None:
        """Break all connections; new ones work again, both ways."""
        self._loses_answers = False
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def close(self) -> None:
        """Break all connections and wait until nothing is passed on any more."""
        self.cut()
        async with asyncio.timeout(5):
            await self._idle.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connect a client to the server."""
        self._served += 1
        self._idle.clear()
        try:
            await self._serve(reader, writer)
        finally:
            self._served -= 1
            if not self._served:
                self._idle.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            writer.transport.abort()
            return
        try:
            server_reader, server_writer = await asyncio.open_connection(self._host, self._port)
        except OSError:
            writer.transport.abort()
            return
        self._writers += [writer, server_writer]
        with suppress(OSError):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pass(reader, server_writer, is_answer=False))
                tasks.create_task(self._pass(server_reader, writer, is_answer=True))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if not (is_answer and self._loses_answers):
                    writer.write(data)
                    await writer.drain()
        writer.transport.abort()


@asynccontextmanager
async def relay_to(address: str) -> AsyncIterator[Relay]:
    """Start a relay to a server."""
    relay = Relay(address)
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    relay.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield relay
    finally:
        server.close()
        await relay.close()
        await server.wait_closed()
