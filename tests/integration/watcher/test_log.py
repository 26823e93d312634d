"""The watcher on real servers: a guarded log, markers, and a start behind the checkpoint."""

from __future__ import annotations

import pytest

from shared.contracts.envelope import decode_change
from shared.contracts.keys import graph_key, partition_of
from shared.contracts.markers import decode_marker
from shared.contracts.streams import CHANGES
from shared.contracts.subjects import change_subject, synced_subject
from shared.contracts.watched import WATCHED
from shared.core.objects import version_of
from shared.core.resources import CONFIG_MAPS, GRAPHS
from shared.ports.bus import SequenceConflictError
from shared.testing.eventually import eventually
from tests.integration.rooms import CHAT, PATIENCE, Servers, servers
from tests.servers.fixtures import StartApi, StartEtcd, StartNats

SUBJECT = str(change_subject(partition_of(graph_key("default", "chat")), CHAT))


async def logged(found: Servers) -> int:
    """Return the version of graph `chat` that the log holds, 0 for none."""
    message = await found.bus.newest(CHANGES, SUBJECT)
    return decode_change(message.headers).version if message is not None else 0


@pytest.mark.asyncio
async def test_fills_the_log_and_goes_on_behind_its_checkpoint(
    start_api: StartApi, start_nats: StartNats, start_etcd: StartEtcd
) -> None:
    async with servers(start_api, start_nats, start_etcd) as found:
        before = await found.graph()
        watcher = await found.start("watcher")
        markers = [await found.bus.newest(CHANGES, synced_subject(resource)) for resource in WATCHED]
        first = await found.bus.newest(CHANGES, SUBJECT)

        checkpoint = found.keys.checkpoint(GRAPHS)

        async def is_recorded() -> bool:
            return await found.store.get(checkpoint) is not None

        await eventually(is_recorded)
        await watcher.kill()
        after = await found.graph(replicas=3)
        await found.start("watcher")

        async def is_newest() -> bool:
            return await logged(found) == version_of(after)

        await eventually(is_newest, within=PATIENCE)
        again = await found.bus.newest(CHANGES, synced_subject(GRAPHS))
        with pytest.raises(SequenceConflictError):
            await found.bus.publish(SUBJECT, b"{}", {}, expected_last=first.sequence if first else 0)

    assert all(marker is not None and not decode_marker(marker.body).absent for marker in markers)
    assert first is not None
    assert decode_change(first.headers).version == version_of(before)
    assert b"registry.example" not in first.body
    assert again == markers[WATCHED.index(GRAPHS)]  # resumed: no list, no further marker
    assert CONFIG_MAPS not in WATCHED
