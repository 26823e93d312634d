"""Who may do what, and how a server is trusted."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from shared.bus.event_log import connect
from shared.bus.options import NatsOptions
from shared.contracts.streams import StreamSpec
from shared.core.errors import ForbiddenError
from shared.testing.eventually import eventually
from tests.contract.bus.bench import INSTALL, QUICK, STEADY
from tests.contract.certificates import write_certificates
from tests.servers.fixtures import StartNats

pytestmark = pytest.mark.asyncio

SPEC = StreamSpec("GUARDED", ("Guarded.>",))
PERMISSIONS = """
authorization {
  users: [
    { user: "watcher", password: "w" }
    { user: "reader", password: "r", permissions: {
        publish: ["$JS.API.STREAM.INFO.>", "$JS.API.STREAM.NAMES", "$JS.API.CONSUMER.CREATE.>"], subscribe: ["_INBOX.>"]
    } }
  ]
}
"""


async def test_a_forbidden_publish_is_refused_at_once_and_counted(start_nats: StartNats) -> None:
    server = start_nats(extra_configuration=PERMISSIONS)
    counted: list[str] = []
    watcher = NatsOptions(servers=(server.url,), user="watcher", password="w", times=STEADY)
    reader = NatsOptions(servers=(server.url,), user="reader", password="r", times=STEADY)
    async with AsyncExitStack() as stack:
        provisioner = await stack.enter_async_context(connect(watcher))
        log = await stack.enter_async_context(connect(reader, count_error=counted.append))
        await provisioner.provision([SPEC], install=INSTALL)

        async with asyncio.timeout(1):
            with pytest.raises(ForbiddenError, match="publish"):
                await log.publish("Guarded.Subject", b"x", {})
            with pytest.raises(ForbiddenError):
                await log.purge("GUARDED", "Guarded.Subject", up_to=1)

    assert counted == ["permission", "permission"]


async def test_a_wrong_password_waits_to_be_accepted_and_is_counted(start_nats: StartNats) -> None:
    server = start_nats(extra_configuration=PERMISSIONS)
    counted: list[str] = []
    options = NatsOptions(servers=(server.url,), user="watcher", password="wrong", times=QUICK)

    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(_connect_once(options, counted))
        await eventually(lambda: len(counted) > 2)
        waiting.cancel()

    assert waiting.cancelled()


async def test_a_server_is_trusted_by_its_authority_and_by_nothing_else(start_nats: StartNats, tmp_path: Path) -> None:
    write_certificates(tmp_path)
    quoted = {name: json.dumps(str(tmp_path / name)) for name in ("server.crt", "server.key")}
    tls = f"tls {{ cert_file: {quoted['server.crt']}, key_file: {quoted['server.key']} }}"
    server = start_nats(extra_configuration=tls)
    address = server.url.replace("nats://", "tls://")
    trusting = NatsOptions(servers=(address,), certificate_authority=tmp_path / "ca.crt", times=STEADY)
    distrusting = NatsOptions(servers=(address,), times=QUICK)
    counted: list[str] = []

    assert await _connect_once(trusting, counted)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(_connect_once(distrusting, counted))
        await eventually(lambda: len(counted) > 0)
        waiting.cancel()

    assert counted[0] == "SSLCertVerificationError"


async def _connect_once(options: NatsOptions, counted: list[str]) -> bool:
    async with connect(options, count_error=counted.append) as log:
        return log.is_connected
