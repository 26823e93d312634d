"""Records and names that rooms agree on: markers, facts, capacity, etcd keys and streams."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.api.platform import Capability
from shared.contracts.capacity import Capacity, GpuCount, NodeCapacity, decode_capacity
from shared.contracts.etcd_keys import EtcdKeys
from shared.contracts.facts import decode_orchestrators, decode_queues, encode_orchestrators, encode_queues
from shared.contracts.markers import SyncedMarker, decode_marker
from shared.contracts.streams import CHANGES, DEAD_LETTERS, DECISIONS, stream_specs
from shared.core.errors import InvalidObjectError
from shared.core.resources import GRAPHS, PODS, Ref

NOW = datetime(2025, 1, 1, tzinfo=UTC)
KEYS = EtcdKeys("demo")
DAMAGED = [b"", b"]", b"[]", b"3", b"{}", b'{"capabilities": 3}', b'{"nodes": 3}']


@settings(max_examples=30, deadline=None)
@given(
    st.builds(
        SyncedMarker,
        epoch=st.text(st.characters(codec="utf-8"), max_size=9),
        stream_created=st.datetimes(timezones=st.just(UTC)),
        version=st.integers(0, 1 << 63),
        absent=st.booleans(),
    )
)
def test_a_marker_survives_the_wire(marker: SyncedMarker) -> None:
    assert decode_marker(marker.encode()) == marker


@pytest.mark.parametrize("body", DAMAGED)
def test_a_damaged_marker_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidObjectError, match="not a synced marker"):
        decode_marker(body)


def test_a_marker_is_current_in_its_epoch_and_stream_only() -> None:
    marker = SyncedMarker("e.0", NOW, 7)

    assert marker.is_current(epoch="e.0", stream_created=NOW)
    assert not marker.is_current(epoch="e.1", stream_created=NOW)
    assert not marker.is_current(epoch="e.0", stream_created=NOW + timedelta(microseconds=1))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(tuple(Capability))))
def test_equal_offers_have_equal_bytes(offered: list[Capability]) -> None:
    value = encode_orchestrators(offered)

    assert value == encode_orchestrators(reversed(offered))
    assert sorted(decode_orchestrators(value)) == sorted(offered)


def test_what_a_newer_writer_offers_beyond_ours_is_left_out() -> None:
    assert decode_orchestrators(b'{"v": 2, "capabilities": ["grove", "warp-drive"]}') == (Capability("grove"),)


@pytest.mark.parametrize("value", [b"", b"[]", b"{}", b'{"capabilities": 3}'])
def test_a_damaged_fact_is_refused_by_name(value: bytes) -> None:
    with pytest.raises(InvalidObjectError, match="orchestrators"):
        decode_orchestrators(value)


COUNTS = st.builds(GpuCount, allocatable=st.integers(0, 16), requested=st.integers(0, 16))
NODES = st.builds(
    NodeCapacity,
    name=st.sampled_from(("a", "b")),
    gpus=st.dictionaries(st.sampled_from(("nvidia.com/gpu", "amd.com/gpu")), COUNTS),
    taints=st.lists(st.just("gpu=true:NoSchedule"), max_size=2).map(tuple),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(NODES, max_size=3).map(tuple))
def test_a_capacity_survives_its_record(nodes: tuple[NodeCapacity, ...]) -> None:
    assert decode_capacity(Capacity(nodes=nodes).encode()) == Capacity(nodes=nodes)


@pytest.mark.parametrize(
    "value", [b"", b"[]", b'{"nodes": 3}', b'{"nodes": [{"name": "a", "gpus": {"x": {"allocatable": -1}}}]}']
)
def test_a_damaged_capacity_is_refused_by_name(value: bytes) -> None:
    with pytest.raises(InvalidObjectError, match="fact gpu is damaged"):
        decode_capacity(value)


GRAPH = Ref(GRAPHS, "team", "chat")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (KEYS.incarnation, "incarnation"),
        (KEYS.partition_count, "partition-count"),
        (KEYS.epoch, "epoch"),
        (KEYS.members("rbac"), "members/rbac/"),
        (KEYS.claim("rbac", "7"), "claims/rbac/7"),
        (KEYS.checkpoint(PODS), "checkpoints/pods"),
        (KEYS.checkpoint(GRAPHS), "checkpoints/dynamographdeployments.nvidia.com"),
        (KEYS.inventory("rbac", GRAPH), "inventories/rbac/dynamographdeployments/team/chat"),
        (KEYS.accepted(GRAPH), "accepted/dynamographdeployments/team/chat"),
        (KEYS.fact("gpu"), "facts/gpu"),
        (KEYS.instances("team", "chat"), "instances/team/chat"),
    ],
)
def test_all_keys_of_an_installation_share_its_prefix(key: str, expected: str) -> None:
    assert key == f"/dynamo/demo/{expected}"


def test_prefixes_end_in_a_slash() -> None:
    prefixes = (KEYS.root, KEYS.members("a"), KEYS.claims("a"), KEYS.inventories("a"), KEYS.facts)

    assert all(prefix.endswith("/") for prefix in prefixes)


def test_the_change_log_keeps_sixteen_of_each_subject_for_ever() -> None:
    changes, decisions, letters = stream_specs(decisions_age=timedelta(days=1), decisions_bytes=1 << 20)

    assert (changes.name, changes.per_subject, changes.max_age, changes.max_bytes) == (CHANGES, 16, None, -1)
    assert (decisions.name, decisions.max_age, decisions.max_bytes) == (DECISIONS, timedelta(days=1), 1 << 20)
    assert (letters.name, letters.max_age, letters.per_subject) == (DEAD_LETTERS, None, -1)


@given(st.sets(st.text(max_size=12)))
def test_the_fact_queues_reads_as_written_whatever_the_order(names: set[str]) -> None:
    value = encode_queues(sorted(names, reverse=True))

    assert value == encode_queues(names)
    assert decode_queues(value) == names


@pytest.mark.parametrize("value", [b"", b"{}", b'{"queues": 7}', b"[]"])
def test_a_damaged_fact_queues_is_refused(value: bytes) -> None:
    with pytest.raises(InvalidObjectError, match="queues"):
        decode_queues(value)
