"""The clusters: they elect a leader, and fill a member whose disk was lost."""

import asyncio
from datetime import timedelta

import grpc
import nats
import pytest
from etcd3 import etcdrpc

from lab.launcher.answers import answer
from lab.launcher.clusters import wait_for
from lab.launcher.etcd_clusters import EtcdCluster, EtcdMember
from lab.launcher.nats_clusters import NatsCluster, NatsMember
from lab.launcher.processes import ProcessError

TIMEOUT = 15


def put(member: EtcdMember, value: bytes) -> None:
    with grpc.insecure_channel(member.endpoint) as channel:
        etcdrpc.KVStub(channel).Put(etcdrpc.PutRequest(key=b"tests/clusters", value=value), timeout=TIMEOUT)


def get(member: EtcdMember, *, is_local: bool = False) -> list[bytes]:
    with grpc.insecure_channel(member.endpoint) as channel:
        request = etcdrpc.RangeRequest(key=b"tests/clusters", serializable=is_local)
        return [pair.value for pair in etcdrpc.KVStub(channel).Range(request, timeout=TIMEOUT).kvs]


async def store(cluster: NatsCluster, text: bytes) -> None:
    client = await nats.connect(list(cluster.urls), connect_timeout=TIMEOUT)
    try:
        stream = client.jetstream(timeout=TIMEOUT)
        await stream.add_stream(name="COPIED", subjects=["copied.>"], num_replicas=3)
        await stream.publish("copied.it", text)
    finally:
        await client.close()


def holds(member: NatsMember, messages: int) -> bool:
    accounts = answer(f"{member.monitoring_url}/jsz?accounts=true&streams=true").get("account_details", [])
    streams = [each for account in accounts for each in account["stream_detail"]]
    return any(each["name"] == "COPIED" and each["state"]["messages"] == messages for each in streams)


def test_an_etcd_member_whose_disk_was_lost_is_filled_by_the_others(etcd_cluster: EtcdCluster) -> None:
    lost = etcd_cluster.followers[0]
    put(lost, b"filled")

    lost.kill()
    lost.wipe()
    lost.start()
    etcd_cluster.wait_until_whole()

    assert get(lost, is_local=True) == [b"filled"]


def test_a_nats_member_whose_disk_was_lost_is_filled_by_the_others(nats_cluster: NatsCluster) -> None:
    asyncio.run(store(nats_cluster, b"kept"))
    lost = next(member for member in nats_cluster.members if member is not nats_cluster.stream_leader("COPIED"))

    lost.kill()
    lost.wipe()
    lost.start()
    nats_cluster.wait_until_whole()

    wait_for(lambda: holds(lost, 1), timedelta(seconds=TIMEOUT), "the message is there again")


def test_a_server_that_does_not_come_is_named() -> None:
    with pytest.raises(ProcessError, match=r"nobody is whole: not within 0\.01 s"):
        wait_for(lambda: False, timedelta(milliseconds=10), "nobody is whole")
