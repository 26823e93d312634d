"""Connections to the API server: each notices a peer that is gone, and none outlives its session."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.webhook.certificates.pairs import new_authority, new_serving_pair
from shared.kube.sockets import Sockets

HOST = "127.0.0.1"
PATIENCE = 20  # seconds


@contextmanager
def tls_without_good_bye(folder: Path) -> Iterator[tuple[int, ssl.SSLContext]]:
    """Serve one TLS connection and never read from it; give the port and whom to trust."""
    now = datetime.now(UTC)
    authority = new_authority(now)
    pair = new_serving_pair(authority, (HOST,), now=now, life=timedelta(days=1))
    file = folder / "pair.pem"
    file.write_bytes(pair.certificate + pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    is_over = threading.Event()

    def shake_hands() -> None:
        connection, _ = listener.accept()
        with context.wrap_socket(connection, server_side=True):
            is_over.wait(PATIENCE)

    with socket.create_server((HOST, 0)) as listener:
        server = threading.Thread(target=shake_hands)
        server.start()
        try:
            yield listener.getsockname()[1], ssl.create_default_context(cadata=authority.certificate.decode())
        finally:
            is_over.set()
            server.join(PATIENCE)


def test_a_peer_that_is_gone_is_noticed_by_the_connection() -> None:
    with Sockets().open((socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (HOST, 0))) as made:
        assert made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


@pytest.mark.asyncio
async def test_a_connection_that_waits_for_a_good_bye_is_hung_up(tmp_path: Path) -> None:
    sockets = Sockets()
    made = sockets.open((socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (HOST, 0)))
    made.setblocking(False)
    with tls_without_good_bye(tmp_path) as (port, trust):
        await asyncio.get_running_loop().sock_connect(made, (HOST, port))
        _, writer = await asyncio.open_connection(sock=made, ssl=trust, server_hostname=HOST)
        writer.close()
        await asyncio.sleep(0)
        assert made.fileno() >= 0

        await sockets.hang_up()

        assert made.fileno() == -1
