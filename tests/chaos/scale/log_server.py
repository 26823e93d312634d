"""A real NATS server with the change log of a large installation: what it takes of memory and disk.

Separate from the course, which runs on fakes: only the server itself can say what its index of subjects weighs.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.launcher.nats import NatsServer
from shared.bus.event_log import connect
from shared.bus.options import NatsOptions
from shared.contracts.streams import stream_specs
from shared.ports.bus import EventLog, StoredMessage

AT_ONCE = 64  # publishes in flight


@dataclass(frozen=True, slots=True)
class Weight:
    """What a server takes."""

    memory: int  # bytes of resident memory
    disk: int  # bytes of all files


async def weigh(messages: Sequence[StoredMessage]) -> Weight:
    """Store messages in a server of its own, and weigh it."""
    with tempfile.TemporaryDirectory(prefix="dynamo-scale-") as folder:
        server = NatsServer(Path(folder))
        await asyncio.to_thread(server.start)
        try:
            async with connect(NatsOptions((server.url,))) as bus:
                await bus.provision(stream_specs(), install="scale")
                async with asyncio.TaskGroup() as tasks:
                    for number in range(AT_ONCE):
                        tasks.create_task(_publish(bus, messages[number::AT_ONCE]))
            return Weight(_resident(server.process.pid), await asyncio.to_thread(_size, Path(folder)))
        finally:
            await asyncio.to_thread(server.stop)


async def _publish(bus: EventLog, messages: Sequence[StoredMessage]) -> None:
    for each in messages:
        await bus.publish(each.subject, each.body, each.headers)


def _size(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
