"""The course of a large installation on fakes: first start, cold start, rest, sweep, kill, an edit, restart.

The real watcher and the real reconciler own all kinds and all partitions, so every figure is that of one replica with
everything; a share of the partitions costs its share. What the fakes hold by then is taken out of the garbage
collector's sight before the services start, so that no pause is theirs.
"""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain

from services.discovery import handlers as discovery
from services.rbac import handlers as rbac
from services.reconciler.app import READS
from services.watcher import metrics
from services.watcher.tables_from_log import read_table
from shared.contracts.streams import CHANGES
from shared.core.json import integer, text
from shared.core.objects import name_of
from shared.core.resources import DEPLOYMENTS, GRAPHS, NAMESPACES, Ref, Resource
from shared.ports.bus import StoredMessage
from shared.runtime.partitions.loop import PartitionLoop
from shared.runtime.partitions.rules import pass_rules
from shared.runtime.partitions.views.view import PartitionView
from shared.testing.cluster_faults import Request
from shared.testing.cluster_objects import Change
from tests.chaos.rooms.platforms import KINDS
from tests.chaos.scale.measures import Phase, measured, size_of
from tests.chaos.scale.populations import Template, graph_name, namespace_name, populate
from tests.chaos.simulation import Process, Simulation

VIEWS: dict[str, frozenset[Resource]] = {
    "reconciler": READS,
    "rbac": frozenset(rbac.READS),
    "discovery": discovery.READS,
}
NEVER = timedelta(days=30)
CLAIMED = timedelta(minutes=1)  # longer than any lease


@dataclass(slots=True)
class Course:
    """One run, and what was measured so far."""

    run: Simulation
    template: Template
    graphs: int
    phases: dict[str, Phase] = field(default_factory=dict)
    sizes: dict[str, float] = field(default_factory=dict)  # bytes
    entries: dict[str, float] = field(default_factory=dict)  # bytes of an entry, by kind
    watchers: list[Process] = field(default_factory=list)

    async def fill(self) -> None:
        """Make the graphs, and publish them as the first watcher of an installation does."""
        with measured("fill the fake cluster") as phase:
            populate(self.run.cluster, self.template, self.graphs)
        self.phases[phase.name] = phase
        with self.phase("watcher: first start"):
            await self.watch(resync=NEVER)
        messages = self.run.bus.messages(CHANGES)
        self.sizes["messages"] = len(messages)
        self.sizes["stream bytes"] = sum(_stored_size(each) for each in messages)

    async def watch(self, *, resync: timedelta) -> None:
        """Start a watcher for each kind, one after the other: a fake list is a copy of everything in it."""
        for kind in KINDS:
            self.watchers.append(self.run.watcher(f"{kind.plural}-{len(self.watchers)}", kinds=[kind], resync=resync))
            await self.run.advance(2.0)

    async def build_views(self, service: str) -> None:
        """Build the views of a service whose passes do nothing, so that only views are measured."""
        rules = pass_rules(service, reads=VIEWS[service], primaries={})
        with self.phase(f"{service}: views alone") as phase:
            onlooker = self.run.reconciler(f"{service}-onlooker", rules=rules)
            await self.until_complete(onlooker)
            phase.notes["entries"] = sum(len(loop.view) for loop in _loops(onlooker))
        views = [loop.view for loop in _loops(onlooker)]
        self.sizes[f"{service} view"] = size_of(views[:1]) * len(views)
        if service == "reconciler":
            self._weigh_entries(views[0])
        await self.end(onlooker)

    def _weigh_entries(self, view: PartitionView) -> None:
        """Take the mean size of an entry of each kind; what entries share counts for the first."""
        known: set[int] = set()
        weights: dict[str, list[int]] = {}
        for placed in view:
            weights.setdefault(placed.entry.ref.resource.plural, []).append(size_of([placed], known))
        self.entries = {kind: sum(each) / len(each) for kind, each in sorted(weights.items())}

    async def everything(self) -> None:
        """Run the whole course."""
        await self.fill()
        freeze_fakes()
        for service in VIEWS:
            await self.build_views(service)
        freeze_fakes()
        owner = await self.start_cold()
        self.weigh(owner)
        await self.rest()
        await self.sweep()
        freeze_fakes()
        heir = await self.take_over(owner)
        await self.end(heir)
        freeze_fakes()
        await self.restart_watcher()

    async def start_cold(self) -> Process:
        """Start the reconciler on served graphs that nothing is recorded of: each is read and compared once."""
        with self.phase("reconciler: start without inventories"):
            owner = self.run.reconciler("owner")
            await self.until_complete(owner)
            await self.run.converge()
        return owner

    async def rest(self) -> None:
        """Let four minutes pass, in which no sweep comes."""
        with self.phase("rest of 4 min"):
            await self.run.advance(240.0)

    async def sweep(self) -> None:
        """Let twelve minutes pass, in which every partition sweeps once."""
        with self.phase("sweep"):
            await self.run.advance(720.0)

    async def take_over(self, owner: Process) -> Process:
        """Kill the owner; another replica takes everything, and in the midst of its first passes a user edits."""
        with self.phase("kill, take-over and one edit") as phase:
            killed_at = self.run.clock.elapsed()
            owner.kill()
            heir = self.run.reconciler("heir")
            edit = Edit(self.run, self.graphs // 2, after=min(1000, self.graphs))
            heir.store.before = edit.on_call
            await self.until_complete(heir)
            phase.notes["seconds until all views"] = self.run.clock.elapsed() - killed_at
            await self.run.converge()
            phase.notes |= edit.notes
        return heir

    def weigh(self, owner: Process) -> None:
        """Take the sizes of what a reconciler remembers beside its views."""
        run, service = self.run, owner.service
        assert service is not None
        foreign = {id(each) for each in (run.cluster, run.clock, owner.bus, owner.store, run.dice)}
        self.sizes["reconciler memory of passes"] = size_of([service.rules], foreign)
        self.sizes["reconciler queues"] = size_of([loop.queue for loop in _loops(owner)])
        pairs = run.store.pairs()
        self.sizes["etcd keys"] = len(pairs)
        self.sizes["etcd bytes"] = sum(len(key) + len(value) for key, value in pairs.items())

    async def restart_watcher(self) -> None:
        """Kill the watcher; another one reads its tables from the log, resumes, and compares once."""
        await self.end(*self.watchers)
        with self.phase("watcher: restart"):
            await self.watch(resync=timedelta(minutes=10))
        tables = [await read_table(self.run.bus, kind) for kind in KINDS]
        self.sizes["watcher tables"] = size_of(tables)
        with self.phase("watcher: comparison with the log"):
            await self.run.advance(660.0)

    async def end(self, *processes: Process) -> None:
        """Kill processes, and let their claims end."""
        for process in processes:
            process.kill()
        await self.run.advance(CLAIMED.total_seconds())

    async def until_complete(self, process: Process) -> None:
        """Let time pass until every view of a replica is complete."""
        await self.run.clock.run_until(lambda: _is_complete(process, self.run.partitions), limit=CLAIMED)

    @contextmanager
    def phase(self, name: str) -> Iterator[Phase]:
        """Measure a phase, with what is asked of the API server, the log and the store in it."""
        run = self.run
        run.cluster.requests.clear()
        stored, calls, lists = self._events(), self._calls(), _lists()
        with measured(name) as phase:
            yield phase
        asked = Counter("writes" if each.is_write else "reads" for each in self.asked)
        phase.notes |= {"reads": asked["reads"], "writes": asked["writes"], "events": self._events() - stored}
        phase.notes["lists"] = _lists() - lists  # an informer's lists are no requests of the fake cluster
        phase.notes |= {f"etcd {call}": count - calls[call] for call, count in self._calls().items()}
        self.phases[name] = phase

    @property
    def asked(self) -> list[Request]:
        """Return the requests about objects; the watcher looks at a namespace to know its epoch."""
        return [each for each in self.run.cluster.requests if each.resource is not NAMESPACES]

    @property
    def states(self) -> Counter[str]:
        """Return how many graphs are in which state."""
        return Counter(text(graph, "status", "state") for graph in self.run.cluster.objects.of(GRAPHS))

    def _events(self) -> int:
        return self.run.bus.open_stream(CHANGES).last_sequence

    def _calls(self) -> Counter[str]:
        return Counter(chain.from_iterable(process.store.calls.elements() for process in self.run.processes))


@dataclass(slots=True)
class Edit:
    """One edit of a user that falls into the midst of many passes."""

    run: Simulation
    number: int  # of the graph
    after: int  # so many reads of inventories
    notes: dict[str, float] = field(default_factory=dict)
    _reads: int = 0
    _edited_at: float = 0.0

    async def on_call(self, call: str, about: str) -> None:
        """Count the reads of the store; edit at the one that was named."""
        self._reads += call == "get" and "/inventories/" in about
        if self._reads == self.after and not self._edited_at:
            self._edited_at = time.process_time()
            self.run.cluster.objects.listeners.append(self._on_change)
            graph = Ref(GRAPHS, namespace_name(self.number), graph_name(self.number))
            self.run.edit(graph, lambda live: live["spec"]["services"]["Decode"].update(replicas=2))

    def _on_change(self, change: Change) -> None:
        after = change.after
        is_it = change.ref.resource is DEPLOYMENTS and after is not None and name_of(after).endswith("-decode")
        if is_it and integer(after, "spec", "replicas") == 2 and "edit carried after" not in self.notes:
            self.notes["edit carried after"] = time.process_time() - self._edited_at
            self.notes["passes begun meanwhile"] = self._reads - self.after


def _lists() -> float:
    """Return how many lists the watchers of this process have taken in."""
    found = (sample for metric in metrics.LISTS.collect() for sample in metric.samples)
    return sum(sample.value for sample in found if sample.name.endswith("_total"))


def freeze_fakes() -> None:
    """Take everything that lives now out of the garbage collector's sight."""
    gc.collect()
    gc.freeze()


def _loops(process: Process) -> Iterable[PartitionLoop]:
    assert process.service is not None
    return list(process.service.loops.values())


def _is_complete(process: Process, partitions: int) -> bool:
    loops = process.service.loops.values() if process.service is not None else ()
    return len(loops) == partitions and all(loop.is_complete for loop in loops)


def _stored_size(message: StoredMessage) -> int:
    """Return what a message takes in a file of the stream: record and checksum, subject, headers as lines, body."""
    record, version, line_ends = 22 + 8, len("NATS/1.0\r\n") + len("\r\n"), len(": \r\n")
    lines = sum(len(name) + len(value) + line_ends for name, value in message.headers.items())
    return record + len(message.subject) + 4 + version + lines + len(message.body)
