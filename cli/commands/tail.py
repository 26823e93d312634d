"""`dynamoctl tail`: every event as it happens, one line each."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import orjson
import typer

from cli.printing import console
from cli.stories import Story, Storyteller
from cli.targets import InstallOption, KubeconfigOption, NameOption, NatsOption, Target, find_target
from shared.contracts.streams import CHANGES, DEAD_LETTERS, DECISIONS
from shared.core.resources import GRAPHS
from shared.ports.bus import EventLog, LiveOnly, Newest, Start, StoredMessage, StreamMissingError

HELP = """Print what happens: changes of the cluster, decisions of the services, dead letters.

Example: dynamoctl tail -n demo --graph chat --since-start
"""

STREAMS = {CHANGES: "dynamo.changes.>", DECISIONS: "dynamo.decisions.>", DEAD_LETTERS: "dynamo.dlq.>"}
STREAM_PAUSE = 1.0  # seconds until a stream that is not there is looked for again


def tail(  # one parameter for each option
    namespace: Annotated[str, typer.Option("-n", "--namespace", help="Only this namespace.")] = "",
    graph: Annotated[str, typer.Option("--graph", help="Only this graph and what belongs to it.")] = "",
    kind: Annotated[str, typer.Option("--kind", help="Only objects of this kind or plural.")] = "",
    since_start: Annotated[
        bool, typer.Option("--since-start", help="Begin with the newest state of every object.")
    ] = False,
    count: Annotated[int, typer.Option("--count", min=0, help="End after so many lines; 0: go on.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    name: NameOption = "",
    kubeconfig: KubeconfigOption = None,
    nats: NatsOption = "",
    install: InstallOption = "",
) -> None:
    """Follow the streams until interrupted."""
    target = find_target(name, kubeconfig=kubeconfig, nats=nats, install=install)
    wanted = _Filter(namespace, graph, kind.lower())
    asyncio.run(_tail(target, wanted, start=Newest() if since_start else LiveOnly(), count=count, as_json=as_json))


class _Filter:
    """Which messages are shown."""

    def __init__(self, namespace: str, graph: str, kind: str) -> None:
        self._namespace, self._graph, self._kind = namespace, graph, kind
        self._correlations: set[str] = set()

    def matches(self, message: StoredMessage, story: Story) -> bool:
        """Return whether a story is wanted; what belongs to a graph is known by its correlation id."""
        parts = message.subject.split(".")
        if len(parts) < 6:
            return not (self._namespace or self._graph or self._kind)
        plural, namespace, name = parts[-3], parts[-2], parts[-1]
        if self._namespace and namespace != self._namespace:
            return False
        if self._kind and self._kind not in (plural, plural.removesuffix("s"), story.about.partition(" ")[0].lower()):
            return False
        if not self._graph:
            return True
        if plural == GRAPHS.plural and name == self._graph and story.correlation:
            self._correlations.add(story.correlation)
        return name == self._graph or story.correlation in self._correlations


async def _tail(target: Target, wanted: _Filter, *, start: Start, count: int, as_json: bool) -> None:
    printed = 0
    queue: asyncio.Queue[StoredMessage] = asyncio.Queue(maxsize=1000)
    teller = Storyteller()
    async with target.bus() as bus, asyncio.TaskGroup() as tasks:
        readers = [tasks.create_task(_read(bus, stream, each, start, queue)) for stream, each in STREAMS.items()]
        while True:
            message = await queue.get()
            for story in teller.stories(message):
                if wanted.matches(message, story):
                    _print(story, as_json=as_json)
                    printed += 1
            if count and printed >= count:
                for reader in readers:
                    reader.cancel()
                return


async def _read(bus: EventLog, stream: str, subjects: str, start: Start, queue: asyncio.Queue[StoredMessage]) -> None:
    chosen = start if stream == CHANGES else LiveOnly()
    while True:
        try:
            async with bus.follow(stream, [subjects], chosen) as deliveries:
                async for delivery in deliveries:
                    await queue.put(delivery.message)
        except StreamMissingError:  # the watcher has not made it yet, or makes it anew: then all of it is news
            chosen = Newest()
            await asyncio.sleep(STREAM_PAUSE)


def _print(story: Story, *, as_json: bool) -> None:
    if as_json:
        record = {
            "time": story.at.isoformat(),
            "service": story.service,
            "subject": story.subject,
            "object": story.about,
            "meaning": story.meaning,
            "correlation": story.correlation,
            "id": story.event_id,
        }
        sys.stdout.write(orjson.dumps(record).decode() + "\n")
        sys.stdout.flush()
        return
    time = story.at.astimezone().strftime("%H:%M:%S.%f")[:-3]
    console().print(
        f"{time}  {story.service:<10}  {story.subject}  {story.meaning}", markup=False, overflow="ignore", crop=False
    )
    sys.stdout.flush()
