"""The watcher on real servers: a guarded log, markers, and a start behind the checkpoint."""

from __future__ import annotations

import pytest
import yaml

from shared.api.platform import Capability
from shared.contracts.envelope import decode_change
from shared.contracts.facts import ORCHESTRATORS, decode_orchestrators
from shared.contracts.keys import graph_key, partition_of
from shared.contracts.markers import decode_marker
from shared.contracts.streams import CHANGES
from shared.contracts.subjects import change_subject, synced_subject
from shared.contracts.watched import WATCHED
from shared.core.objects import ref_of, uid_of, version_of
from shared.core.resources import ADD_ONS, CONFIG_MAPS, GRAPHS, POD_CLIQUE_SETS
from shared.ports.bus import SequenceConflictError
from shared.testing.eventually import eventually
from tests.integration.rooms import CHAT, PATIENCE, ROOT, Servers, servers
from tests.servers.fixtures import StartApi, StartEtcd, StartNats

GROVE = ROOT / "lab" / "crds" / "grove" / "podcliquesets.yaml"
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

    told = {
        resource: marker and decode_marker(marker.body).absent
        for resource, marker in zip(WATCHED, markers, strict=True)
    }
    assert told == {resource: resource in ADD_ONS for resource in WATCHED}
    assert first is not None
    assert decode_change(first.headers).version == version_of(before)
    assert b"registry.example" not in first.body
    assert again == markers[WATCHED.index(GRAPHS)]  # resumed: no list, no further marker
    assert CONFIG_MAPS not in WATCHED


@pytest.mark.rule("W-02")
@pytest.mark.asyncio
async def test_an_add_on_comes_and_goes_while_the_platform_runs(
    start_api: StartApi, start_nats: StartNats, start_etcd: StartEtcd
) -> None:
    definition = yaml.safe_load(GROVE.read_text(encoding="utf-8"))
    async with servers(start_api, start_nats, start_etcd) as found:

        async def seen() -> tuple[bool, tuple[Capability, ...]]:
            marker = await found.bus.newest(CHANGES, synced_subject(POD_CLIQUE_SETS))
            fact = await found.store.get(found.keys.fact(ORCHESTRATORS))
            return (
                marker is not None and decode_marker(marker.body).absent,
                decode_orchestrators(fact.value) if fact is not None else (),
            )

        async def is_without() -> bool:
            return await seen() == (True, ())

        async def is_with() -> bool:
            return await seen() == (False, (Capability.GROVE,))

        await found.start("watcher", "discovery")
        await eventually(is_without, within=PATIENCE)
        stored = await found.cluster.apply(definition, manager="test")
        await eventually(is_with, within=PATIENCE)
        await found.cluster.delete(ref_of(stored), uid=uid_of(stored))
        await eventually(is_without, within=PATIENCE)
