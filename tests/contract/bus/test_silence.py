"""A server that is slow, to give a sign of life or to let somebody in, is heard and served like any other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from nats.aio.client import Client

from shared.bus.connection import Connection
from shared.bus.options import NatsOptions, NatsTimes
from shared.core.errors import UnreachableError
from shared.testing.eventually import eventually

pytestmark = pytest.mark.asyncio

INFO = b'INFO {"server_id":"slow","version":"2.10.0","proto":1,"headers":true,"max_payload":1048576}\r\n'
TIMES = NatsTimes(doubt=timedelta(milliseconds=10))


class SlowServer:
    """Speaks as much of the protocol as one request takes; what it owes in a pause it gives afterwards."""

    def __init__(self) -> None:
        """Begin without a pause."""
        self.address = ""
        self.subjects: list[bytes] = []  # that the client listens to
        self._inboxes: dict[bytes, bytes] = {}
        self._owed: list[bytes] = []
        self._writer: asyncio.StreamWriter | None = None
        self._is_paused = False

    @property
    def is_asked(self) -> bool:
        """Return whether it owes a sign of life."""
        return bool(self._owed)

    def pause(self) -> None:
        """Say nothing, and forget requests."""
        self._is_paused = True

    def go_on(self) -> None:
        """Give the signs of life that were asked for, and answer again."""
        self._is_paused = False
        assert self._writer is not None
        self._writer.writelines(self._owed)
        self._owed.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk with one client until it goes."""
        self._writer = writer
        writer.write(INFO)
        while line := await reader.readline():
            self._take(line.split(), writer)
        writer.close()

    def _take(self, words: list[bytes], writer: asyncio.StreamWriter) -> None:
        match words:
            case [b"PING"] if self._is_paused:
                self._owed.append(b"PONG\r\n")
            case [b"PING"]:
                writer.write(b"PONG\r\n")
            case [b"SUB", subject, number]:
                self.subjects.append(subject)
                self._inboxes[subject.removesuffix(b"*")] = number
            case [b"PUB", _, reply, _] if not self._is_paused:
                number = self._inboxes[reply[: reply.rindex(b".") + 1]]
                writer.write(b"MSG %s %s 0\r\n\r\n" % (reply, number))


@asynccontextmanager
async def slow_server() -> AsyncIterator[SlowServer]:
    """Serve on a free port."""
    slow = SlowServer()
    async with await asyncio.start_server(slow.serve, "127.0.0.1", 0) as listening:
        host, port = listening.sockets[0].getsockname()
        slow.address = f"nats://{host}:{port}"
        yield slow


async def test_a_sign_of_life_that_comes_after_the_question_has_ended_deafens_nobody() -> None:
    async with slow_server() as server:
        connection = Connection(NatsOptions(servers=(server.address,), times=TIMES), lambda kind: None)
        await connection.open()
        try:
            server.pause()
            with pytest.raises(UnreachableError):
                await connection.request("asked", b"", within=timedelta(milliseconds=100))
            server.go_on()

            answer = await connection.request("asked", b"", within=timedelta(seconds=5))
        finally:
            await connection.close()

    assert answer == b""


async def test_what_is_served_while_the_connection_is_made_is_served_on_it_once() -> None:
    async def answer(subject: str, body: bytes) -> bytes | None:
        return body

    async with slow_server() as server, asyncio.TaskGroup() as tasks:
        connection = Connection(NatsOptions(servers=(server.address,), times=TIMES), lambda kind: None)
        server.pause()
        opening = tasks.create_task(connection.open())
        await eventually(lambda: server.is_asked)
        await connection.serve("asked", answer)
        server.go_on()
        await opening
        await connection.request("flushed", b"", within=timedelta(seconds=5))
        await connection.close()

    assert server.subjects.count(b"asked") == 1


async def test_a_server_that_resets_the_connection_at_the_good_bye_fails_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def reset(_: Client) -> None:
        raise ConnectionResetError("Connection reset by peer")

    async with slow_server() as server:
        connection = Connection(NatsOptions(servers=(server.address,), times=TIMES), lambda kind: None)
        await connection.open()
        with monkeypatch.context() as broken:
            broken.setattr(Client, "close", reset)
            await connection.close()
        await connection.close()
