"""The change log between watcher and view: what is newest per subject never falls, and nothing gone comes back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest

from shared.contracts.envelope import ChangeHeaders, decode_change
from shared.contracts.keys import keys, partition_of
from shared.contracts.streams import CHANGES
from shared.contracts.subjects import ROOT
from shared.core import labels
from shared.core.json import Manifest
from shared.core.objects import uid_of, version_of
from shared.core.resources import SERVICES, Ref
from shared.ports.bus import StoredMessage
from shared.runtime.partitions.rules import pass_rules
from tests.chaos.partitions.test_views import look
from tests.chaos.seeds import run_seeds
from tests.chaos.simulation import NAMESPACE, PARTITIONS, Process, Simulation, simulated

KIND = SERVICES  # quick to make: no status, no controller
NAMES = ("one", "two", "three")


def put(run: Simulation, name: str, *, graph: str = "chat") -> Manifest:
    """Create or change a Service that belongs to a graph."""
    return run.cluster.put(
        {
            "apiVersion": KIND.api_version,
            "kind": KIND.kind,
            "metadata": {"name": name, "namespace": NAMESPACE, "labels": {labels.GRAPH_NAME: graph}},
            "spec": {"ports": [{"port": run.dice.randint(1, 60_000)}]},
        }
    )


def remove(run: Simulation, name: str) -> None:
    """Delete a Service, if it is there."""
    run.remove(Ref(KIND, NAMESPACE, name))


def change_something(run: Simulation) -> None:
    """Create, change, move or delete one of a few Services."""
    name = run.dice.choice(NAMES)
    if run.dice.random() < 0.2:
        remove(run, name)
    else:
        put(run, name, graph=run.dice.choice(("chat", "code", "draw")))


def stored(run: Simulation) -> list[StoredMessage]:
    """Return the change messages in their order."""
    return [message for message in run.bus.messages(CHANGES) if message.subject.startswith(f"{ROOT}.changes.")]


def newest(run: Simulation) -> dict[str, ChangeHeaders]:
    """Return the newest message of each subject."""
    return {message.subject: decode_change(message.headers) for message in stored(run)}


def living(run: Simulation) -> set[tuple[int, str, int]]:
    """Return what the log says exists: partition, uid and version."""
    return {(each.partition, each.uid, each.version) for each in newest(run).values() if not each.is_tombstone}


def expected(run: Simulation) -> set[tuple[int, str, int]]:
    """Return what the log should say exists."""
    return {
        (partition_of(keys(KIND, each).own, PARTITIONS), uid_of(each), version_of(each))
        for each in run.cluster.all(KIND)
    }


def assert_never_falls(run: Simulation) -> None:
    """Check that each subject's messages were stored in the order of their versions."""
    highest = Counter[str]()
    for message in stored(run):
        version = decode_change(message.headers).version
        assert version >= highest[message.subject]
        highest[message.subject] = version


async def long_gone(seeds: Sequence[int]) -> None:
    async with simulated(seeds[0]) as run:
        watcher = run.watcher(kinds=[KIND])
        await run.advance(1.0)
        for _ in range(run.dice.randint(1, 4)):
            put(run, "one")
            await run.advance(run.dice.uniform(0.0, 2.0))
        is_missed = run.dice.random() < 0.5
        if is_missed:
            watcher.kill()
            await run.advance(0.0)
        remove(run, "one")
        await run.advance(1.0)
        watcher.kill()
        if is_missed:
            run.cluster.expire_history()  # so that only a list can tell
        await run.advance(run.dice.choice((1.0, 25 * 3600.0)))
        run.watcher("second", kinds=[KIND])
        await run.advance(3700.0 if run.dice.random() < 0.1 else 1.0)  # old tombstones are purged once an hour
        owner = run.reconciler("owner", rules=pass_rules("onlooker", reads=frozenset({KIND}), primaries={KIND: look}))
        await run.advance(1.0)

        assert owner.service is not None
        assert owner.service.readiness.is_ready
        assert [placed for loop in owner.service.loops.values() for placed in loop.view] == []


@pytest.mark.rule("P-01")
def test_what_was_deleted_stays_absent_from_every_later_view() -> None:
    run_seeds(long_gone, row="P-01", short=60)


async def within_the_window(seeds: Sequence[int]) -> None:
    async with simulated(seeds[0]) as run:
        run.watcher(kinds=[KIND])
        await run.advance(1.0)
        for name in NAMES:
            put(run, name)
        await run.advance(run.dice.uniform(0.0, 5.0))
        for _ in range(6):
            match run.dice.randrange(3):
                case 0:  # a deletion that only a list tells of
                    remove(run, run.dice.choice(NAMES))
                    run.cluster.watches.relist()
                case 1:  # a label move, and perhaps back
                    put(run, run.dice.choice(NAMES), graph=run.dice.choice(("chat", "code", "draw")))
                case _:  # somebody's old state on top, then the next change
                    await put_old_on_top(run)
                    put(run, run.dice.choice(NAMES))
            await run.advance(run.dice.uniform(0.0, 10.0))
        for name in NAMES:
            put(run, name)
        await run.advance(10.0)

        assert run.clock.elapsed() < 120
        assert living(run) == expected(run)


async def put_old_on_top(run: Simulation) -> None:
    """Publish the oldest kept state of some subject once more, unguarded."""
    old = stored(run)[0]
    await run.bus.publish(old.subject, old.body, old.headers)


@pytest.mark.rule("P-02")
def test_deletions_moves_and_repairs_shortly_after_each_other_are_all_stored() -> None:
    run_seeds(within_the_window, row="P-02")


async def lost_acks(seeds: Sequence[int]) -> None:
    async with simulated(seeds[0]) as run:
        watcher = run.watcher(kinds=[KIND])
        await run.advance(1.0)
        for _ in range(12):
            if run.dice.random() < 0.3:
                watcher.bus.lose_acks(1)
            change_something(run)
            await run.advance(run.dice.choice((0.0, 0.01, 0.2)))
        await run.advance(10.0)

        assert_never_falls(run)
        assert living(run) == expected(run)


@pytest.mark.rule("P-03")
def test_a_lost_acknowledgement_never_puts_an_old_version_on_top() -> None:
    run_seeds(lost_acks, row="P-03")


async def two_watchers(seeds: Sequence[int]) -> None:
    async with simulated(seeds[0]) as run:
        first, second = run.watcher("first", kinds=[KIND]), run.watcher("second", kinds=[KIND])
        await run.advance(1.0)
        suspend_once(run, run.dice.choice((first, second)))
        for _ in range(12):
            change_something(run)
            await run.advance(run.dice.choice((0.0, 0.01, 0.2)))
        await run.advance(200.0)

        assert_never_falls(run)
        assert living(run) == expected(run)


def suspend_once(run: Simulation, process: Process) -> None:
    """Stop a watcher for up to three minutes at a random publish, before or after the server sees it."""
    moment, pause = run.dice.randint(1, 8), timedelta(seconds=run.dice.uniform(0.0, 180.0))
    calls, awake = Counter[str](), [0.0]

    async def stop(call: str, _: str) -> None:
        calls[call] += call == "publish"
        if calls["publish"] == moment and call == "publish":
            awake[0] = run.clock.elapsed() + pause.total_seconds()
        await run.clock.sleep(timedelta(seconds=max(0.0, awake[0] - run.clock.elapsed())))

    if run.dice.random() < 0.5:
        process.bus.before = stop
    else:
        process.bus.after = stop


@pytest.mark.rule("P-04")
def test_a_watcher_that_was_suspended_never_puts_an_old_version_on_top() -> None:
    run_seeds(two_watchers, row="P-04")
