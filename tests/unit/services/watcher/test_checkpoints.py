"""Checkpoints: stored by whoever holds the claim, and nothing to rely on when damaged."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.watcher.checkpoints import Checkpoint, Checkpoints, decode, encode
from shared.contracts.etcd_keys import EtcdKeys
from shared.core.errors import LeaseLostError
from shared.core.resources import PODS
from shared.ports.store import Put
from shared.testing.clock import FakeClock
from shared.testing.store import FakeStore
from tests.unit.services.watcher.rooms import Claim

KEYS = EtcdKeys("test")
KNOWN = Checkpoint(7, "cluster.0", datetime(2025, 1, 1, tzinfo=UTC))


@settings(max_examples=30, deadline=None)
@given(
    st.builds(
        Checkpoint,
        version=st.integers(0, 1 << 63),
        epoch=st.text(st.characters(codec="utf-8")),
        stream_created=st.datetimes(timezones=st.just(UTC)),
    )
)
def test_a_checkpoint_survives_its_record(checkpoint: Checkpoint) -> None:
    assert decode(encode(checkpoint)) == checkpoint


@pytest.mark.parametrize(
    "value", [b"", b"]", b"{}", b'{"version": "x"}', b"[]", b'{"version":1,"epoch":"","streamCreated":3}']
)
def test_a_damaged_record_counts_as_none(value: bytes) -> None:
    assert decode(value) is None


@pytest.mark.asyncio
async def test_is_written_and_forgotten_under_the_claim_only() -> None:
    store = FakeStore(FakeClock())
    checkpoints = Checkpoints(store, KEYS)
    claim = KEYS.claim("watcher", PODS.group_resource)
    token = await store.commit([Put(claim, b"")])

    await checkpoints.write(PODS, KNOWN, Claim(claim, token))
    written = await checkpoints.read(PODS)
    with pytest.raises(LeaseLostError):
        await checkpoints.write(PODS, KNOWN, Claim(claim, token + 1))
    with pytest.raises(LeaseLostError):
        await checkpoints.forget(PODS, Claim(claim, token + 1))
    await checkpoints.forget(PODS, Claim(claim, token))

    assert written == KNOWN
    assert await checkpoints.read(PODS) is None
