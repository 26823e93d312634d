"""The real servers: each keeps address and data over a crash, and forgets only when wiped."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import grpc
import nats
import pytest
from etcd3.etcdrpc import rpc_pb2, rpc_pb2_grpc
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from lab.launcher.processes import ProcessError
from tests.servers.fixtures import StartEtcd, StartNats
from tests.servers.interface import EtcdTestServer, NatsTestServer

TIMEOUT = 5


async def with_nats(server: NatsTestServer, ask: Callable[[Client], Awaitable[bytes]], **options: str) -> bytes:
    client = await nats.connect(server.url, connect_timeout=TIMEOUT, allow_reconnect=False, **options)
    try:
        return await asyncio.wait_for(ask(client), TIMEOUT)
    finally:
        await client.close()


async def store(client: Client) -> bytes:
    stream = client.jetstream(timeout=TIMEOUT)
    await stream.add_stream(name="KEEPS", subjects=["keeps.>"])
    await stream.publish("keeps.it", b"kept")
    return b""


async def read_back(client: Client) -> bytes:
    message = await client.jetstream(timeout=TIMEOUT).get_last_msg("KEEPS", "keeps.it")
    return message.data or b""


def greeting(server: NatsTestServer, *, timeout: float) -> socket.socket:
    address = urlsplit(server.url)
    return socket.create_connection((address.hostname, address.port or 0), timeout=timeout)


def put(server: EtcdTestServer, key: bytes, value: bytes) -> None:
    with grpc.insecure_channel(server.endpoint) as channel:
        rpc_pb2_grpc.KVStub(channel).Put(rpc_pb2.PutRequest(key=key, value=value), timeout=TIMEOUT)


def get(server: EtcdTestServer, key: bytes) -> list[bytes]:
    with grpc.insecure_channel(server.endpoint) as channel:
        answer = rpc_pb2_grpc.KVStub(channel).Range(rpc_pb2.RangeRequest(key=key), timeout=TIMEOUT)
        return [pair.value for pair in answer.kvs]


def test_nats_keeps_address_and_messages_over_a_crash(start_nats: StartNats) -> None:
    server = start_nats()
    address = server.url
    asyncio.run(with_nats(server, store))

    server.restart()

    assert server.url == address
    assert asyncio.run(with_nats(server, read_back)) == b"kept"


def test_nats_forgets_when_wiped(start_nats: StartNats) -> None:
    server = start_nats()
    asyncio.run(with_nats(server, store))

    server.kill()
    server.wipe()
    server.start()

    with pytest.raises(NotFoundError):
        asyncio.run(with_nats(server, read_back))


def test_a_paused_nats_answers_nobody_and_goes_on_when_resumed(start_nats: StartNats) -> None:
    server = start_nats()
    asyncio.run(with_nats(server, store))

    server.pause()
    with greeting(server, timeout=0.1) as silent, pytest.raises(TimeoutError):
        silent.recv(1)
    server.resume()

    assert asyncio.run(with_nats(server, read_back)) == b"kept"


def test_nats_takes_a_configuration_of_permissions(start_nats: StartNats) -> None:
    server = start_nats(extra_configuration='authorization { users = [{ user: "a", password: "b" }] }')

    asyncio.run(with_nats(server, store, user="a", password="b"))

    assert asyncio.run(with_nats(server, read_back, user="a", password="b")) == b"kept"


def test_etcd_keeps_address_and_keys_over_a_crash(start_etcd: StartEtcd) -> None:
    server = start_etcd()
    address = server.endpoint
    put(server, b"key", b"value")

    server.restart()

    assert server.endpoint == address
    assert get(server, b"key") == [b"value"]


def test_etcd_forgets_when_wiped(start_etcd: StartEtcd) -> None:
    server = start_etcd()
    put(server, b"key", b"value")

    server.kill()
    server.wipe()
    server.start()

    assert get(server, b"key") == []


def test_data_cannot_be_wiped_under_a_running_server(start_etcd: StartEtcd) -> None:
    server = start_etcd()

    with pytest.raises(ProcessError, match="only be wiped while it is down"):
        server.wipe()


def test_the_shared_servers_answer(nats_server: NatsTestServer, etcd_server: EtcdTestServer) -> None:
    put(etcd_server, b"tests/servers/key", b"value")

    assert get(etcd_server, b"tests/servers/key") == [b"value"]
    assert nats_server.url.startswith("nats://")
