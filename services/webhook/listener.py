"""The TLS listener: serves admission requests with whatever pair it was given last.

Separate from the upkeep of certificates, because it knows no cluster: a new pair counts from the next handshake on,
and connections that are open stay open.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web

from services.webhook.certificates.pairs import Pair
from shared.core.errors import UnreachableError

HANDSHAKE_TIMEOUT = timedelta(seconds=5)
EVERY_ADDRESS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # how one connects to such a listener


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@dataclass(slots=True)
class Listener:
    """One TLS port in front of an application."""

    application: web.Application
    address: str
    port: int
    is_shared: bool = False  # other processes may listen on the port too, and the kernel shares connections out
    _context: ssl.SSLContext = field(default_factory=_server_context)
    _served: Pair | None = None
    _runner: web.AppRunner | None = None

    async def serve(self, pair: Pair) -> None:
        """Serve a pair from the next handshake on; the first one opens the port."""
        if pair != self._served:
            await asyncio.to_thread(_load, self._context, pair)
            self._served = pair
        if self._runner is None:
            runner = web.AppRunner(self.application, access_log=None, handle_signals=False)
            await runner.setup()
            try:
                site = web.TCPSite(
                    runner, self.address, self.port, ssl_context=self._context, reuse_port=self.is_shared or None
                )
                await site.start()
            except OSError:
                await runner.cleanup()
                raise
            self._runner = runner
            self.port = int(runner.addresses[0][1])

    async def prove(self, bundle: bytes, host: str) -> None:
        """Raise UnreachableError unless a client that trusts a bundle gets a connection for a host name."""
        try:
            context = ssl.create_default_context(cadata=bundle.decode())
            async with asyncio.timeout(HANDSHAKE_TIMEOUT.total_seconds()):
                _, writer = await asyncio.open_connection(
                    EVERY_ADDRESS.get(self.address, self.address), self.port, ssl=context, server_hostname=host
                )
                writer.close()
                await writer.wait_closed()
        except (OSError, TimeoutError, ValueError) as error:
            raise UnreachableError(f"TLS handshake with port {self.port} as {host}: {error}") from error

    async def close(self) -> None:
        """Finish open requests and close the port."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None


def _load(context: ssl.SSLContext, pair: Pair) -> None:
    # OpenSSL reads pairs from files only; this one is private and gone as soon as it was read.
    with TemporaryDirectory(prefix="dynamo-webhook-") as folder:
        file = Path(folder) / "pair.pem"
        file.touch(mode=0o600)
        file.write_bytes(pair.certificate + pair.key)
        context.load_cert_chain(file)
