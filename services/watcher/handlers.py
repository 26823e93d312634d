"""One resource kind, from the API server into the log: what runs while this replica holds the claim on the kind.

The order of things keeps the promise that the log misses nothing: the table is read from the log first; then the
watch resumes from the checkpoint, which names only what was stored; without one (or when the stream or the epoch is
another) a complete list is compared with the table. The synced marker follows the last publication of a list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from services.watcher import metrics
from services.watcher.changes.marks import LowWaterMark
from services.watcher.changes.publications import Origin, Publication, publications, tombstone
from services.watcher.changes.tables import Table
from services.watcher.checkpoints import Checkpoint, Checkpoints
from services.watcher.correlations import Correlations
from services.watcher.definitions import definitions
from services.watcher.epochs import Epochs
from services.watcher.markers import publish_marker, read_marker
from services.watcher.publisher import Publisher, Stored
from services.watcher.streams import StreamKeeper
from services.watcher.tables_from_log import is_behind, read_table
from shared.contracts.envelope import ChangeType
from shared.contracts.markers import SyncedMarker
from shared.contracts.streams import CHANGES
from shared.contracts.subjects import parse_change_subject
from shared.contracts.watched import is_of_interest
from shared.core.errors import LeaseLostError, TemporaryError
from shared.core.json import Manifest
from shared.core.objects import name_of, namespace_of, version_of
from shared.core.resources import Resource
from shared.ports.bus import EventLog
from shared.ports.clock import Clock
from shared.ports.cluster import Absent, Bookmark, Informer, Interrupted, Observation, Observed, Snapshot
from shared.ports.passes import Fence

log = structlog.get_logger()

CHECKPOINT_INTERVAL = timedelta(seconds=1)
PURGE_INTERVAL = timedelta(hours=1)
# A server serves a kind some moments after its definition is stored, and tells nobody when.
LOOKS = tuple(timedelta(seconds=seconds) for seconds in (0, 1, 5, 15))


class RelistError(TemporaryError):
    """What was known does not hold any more: the kind is read again from the start."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all kinds of one watcher share."""

    informer: Informer
    bus: EventLog
    clock: Clock
    streams: StreamKeeper
    epochs: Epochs
    checkpoints: Checkpoints
    correlations: Correlations
    install: str
    version: str
    on_synced: Callable[[Resource, bool], None]
    resync_interval: timedelta = timedelta(minutes=10)
    list_interval: timedelta = timedelta(hours=6)
    tombstone_age: timedelta = timedelta(hours=24)
    max_bytes: int = 16 << 20


@dataclass(slots=True)
class KindWatcher:
    """Follow one resource until the claim ends or something has to be read again."""

    resource: Resource
    around: Surroundings
    fence: Fence
    origin: Origin
    created: datetime  # of the stream that everything here was stored in
    table: Table
    publisher: Publisher = field(init=False)
    mark: LowWaterMark = field(init=False, default_factory=LowWaterMark)
    _owed: SyncedMarker | None = field(init=False, default=None)
    _recorded: Checkpoint | None = field(init=False, default=None)
    _taking: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)  # what was observed is taken in whole
    _renewal: asyncio.Event = field(init=False, default_factory=asyncio.Event)  # asks for a fresh list
    _absent: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _advanced: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _settled: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _observed_at: dict[int, float] = field(init=False, default_factory=dict)
    _heard_at: float = field(init=False)  # when the API server last said anything

    def __post_init__(self) -> None:
        self._heard_at = self.around.clock.elapsed()
        self.publisher = Publisher(
            bus=self.around.bus,
            clock=self.around.clock,
            on_stored=self._stored,
            expected=self.table.sequence,
            epoch=self.around.epochs.recorded,
            max_bytes=self.around.max_bytes,
        )

    async def run(self) -> None:
        """Run until cancelled; raise RelistError when everything has to be read again."""
        resume_from = await self._resume_point()
        metrics.PROGRESS.labels(self.resource.plural).set_function(self._last_heard)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.publisher.run())
                tasks.create_task(self._keep_marker())
                tasks.create_task(self._keep_checkpoint())
                tasks.create_task(self._keep_stream())
                tasks.create_task(self._keep_resynced())
                tasks.create_task(self._keep_purged())
                tasks.create_task(self._keep_looking())
                tasks.create_task(self._keep_epoch())
                tasks.create_task(self._observe(resume_from))
        finally:
            metrics.PROGRESS.remove(self.resource.plural)
            self._report_synced(False)

    def _last_heard(self) -> float:
        """Return the time of day at which the API server last said anything of the kind."""
        silence = 0.0 if self._absent.is_set() else self.around.clock.elapsed() - self._heard_at
        return self.around.clock.now().timestamp() - silence

    async def _resume_point(self) -> int | None:
        """Return the version to resume from, or None where only a list is safe."""
        checkpoint = self._recorded = await self.around.checkpoints.read(self.resource)
        marker = await read_marker(self.around.bus, self.resource)
        if checkpoint is None or not self._is_ours(checkpoint):
            return None
        if marker is None or marker.absent or not self._is_ours(marker):
            return None
        self.mark = LowWaterMark(mark=checkpoint.version)
        self._report_synced(True)
        return checkpoint.version

    def _is_ours(self, said: Checkpoint | SyncedMarker) -> bool:
        """Return whether something was said in this epoch, of this stream."""
        return (said.epoch, said.stream_created) == (self.origin.epoch, self.created)

    async def _observe(self, resume_from: int | None) -> None:
        """Take in what the informer sees; a fresh list every few hours finds what no event told."""
        while True:
            self._renewal.clear()
            async with asyncio.TaskGroup() as tasks:
                following = tasks.create_task(self._follow(resume_from))
                timer = tasks.create_task(self._renew_after(self.around.list_interval))
                await self._renewal.wait()
                async with self._taking:
                    following.cancel()
                timer.cancel()
            resume_from = None

    async def _follow(self, resume_from: int | None) -> None:
        async for observation in self.around.informer.follow(self.resource, resume_from=resume_from):
            self._heard_at = self.around.clock.elapsed()
            async with self._taking:
                await self._take(observation)
            del observation  # a list of everything must not be kept until something happens

    async def _renew_after(self, delay: timedelta) -> None:
        await self.around.clock.sleep(delay)
        self._renewal.set()

    async def _take(self, observation: Observation) -> None:
        match observation:
            case Snapshot():
                await self._take_list(observation)
            case Observed(change, manifest):
                await self._take_change(change, manifest)
            case Bookmark(version):
                self.mark.received(version, 0)
                self._advanced.set()
            case Interrupted():
                if await self.around.epochs.observe(logged=self.origin.epoch) != self.origin.epoch:
                    raise RelistError("the API server has another history than before")
            case Absent():
                await self._take_absence()

    async def _take_change(self, change: ChangeType, manifest: Manifest) -> None:
        version = version_of(manifest)
        needed = self._needed(self._publications(manifest, change))
        self.mark.received(version, len(needed))
        if needed:
            self._observed_at[version] = self.around.clock.elapsed()
        await self._submit(needed, version)

    async def _take_list(self, snapshot: Snapshot) -> None:
        metrics.LISTS.labels(resource=self.resource.plural).inc()
        listed: set[str] = set()
        needed: list[Publication] = []
        went_back = snapshot.version < max(self.mark.mark, self.table.newest_version(self.origin.epoch))
        for manifest in snapshot.items:
            wanted = self._publications(manifest, "added")
            listed.update(each.subject for each in wanted)
            needed += self._needed(wanted)
            went_back = went_back or any(self.table.contradicts(each.subject, each.headers) for each in wanted)
        ended = self.origin.epoch if went_back else ""
        if await self.around.epochs.observe(went_back_from=ended, logged=self.origin.epoch) != self.origin.epoch:
            raise RelistError("the list belongs to another epoch than the log")
        self._absent.clear()
        gone = self.table.gone(listed, version=snapshot.version, epoch=self.origin.epoch)
        needed += [self._tombstone(subject, snapshot.version) for subject in gone]
        await self._submit_list(needed, snapshot.version, is_absent=False)

    async def _take_absence(self) -> None:
        """Publish that a resource is not served: whatever the log held of it is gone."""
        if self._absent.is_set():
            return  # that was published already
        held = self.table.all_living()
        version = max(self.mark.newest, self.table.newest_version(self.origin.epoch)) + 1
        await self._submit_list([self._tombstone(subject, version) for subject in held], version, is_absent=True)
        self._absent.set()

    async def _submit_list(self, needed: list[Publication], version: int, *, is_absent: bool) -> None:
        self._owed = SyncedMarker(self.origin.epoch, self.created, version, is_absent)
        self.mark.received(version, len(needed))
        await self._submit(needed, version)

    async def _submit(self, needed: list[Publication], version: int) -> None:
        for publication in needed:
            self.table.plan(publication.subject, publication.headers, publication.body)
            await self.publisher.submit(publication, version)
        self._progress()

    def _needed(self, wanted: Iterable[Publication]) -> list[Publication]:
        return [each for each in wanted if self.table.needs(each.subject, each.headers, each.body)]

    def _publications(self, manifest: Manifest, change: ChangeType) -> list[Publication]:
        held = self.table.living(namespace_of(manifest), name_of(manifest))
        if not held and not is_of_interest(self.resource, manifest):
            return []
        return publications(
            self.resource,
            manifest,
            change if is_of_interest(self.resource, manifest) else "deleted",
            origin=self.origin,
            time=self.around.clock.now(),
            held=held,
            correlation=self.around.correlations.of(self.resource, manifest),
        )

    def _tombstone(self, subject: str, version: int) -> Publication:
        return tombstone(
            parse_change_subject(subject),
            version=version,
            uid=self.table.by_subject[subject].uid,
            origin=self.origin,
            time=self.around.clock.now(),
        )

    def _stored(self, stored: Stored, versions: list[int]) -> None:
        self.table.stored(stored.publication.subject, stored.sequence)
        for version in versions:
            seen = self._observed_at.pop(version, None)
            if seen is not None:
                metrics.STORE_SECONDS.observe(self.around.clock.elapsed() - seen)
            self.mark.stored(version)
        self._progress()

    def _progress(self) -> None:
        self._advanced.set()
        if self._owed is not None and self.mark.has_stored(self._owed.version):
            self._settled.set()

    async def _keep_marker(self) -> None:
        """Publish each owed marker once its whole list is stored."""
        while True:
            await self._settled.wait()
            self._settled.clear()
            marker = self._owed
            if marker is not None:
                around = self.around
                epoch = around.epochs.recorded
                await publish_marker(around.bus, around.clock, self.resource, marker, epoch=epoch)
                if self._owed is marker:  # no newer list came meanwhile
                    self._owed = None
                self._report_synced(True)
                self._advanced.set()  # only from here on a checkpoint may be recorded

    async def _keep_checkpoint(self) -> None:
        """Record the low-water mark, at most once a second and only when it moved."""
        recorded = self.mark.mark
        while True:
            await self._advanced.wait()
            self._advanced.clear()
            if self.mark.mark > recorded and self._owed is None:
                mark = self.mark.mark
                if await self._record(Checkpoint(mark, self.origin.epoch, self.created)):
                    recorded = mark
                else:
                    self._advanced.set()
                await self.around.clock.sleep(CHECKPOINT_INTERVAL)

    async def _record(self, checkpoint: Checkpoint) -> bool:
        """Return whether a checkpoint is recorded; a store that is away, or full, must not stop the events."""
        if checkpoint == self._recorded:
            return True  # of a resource that is not served, every start begins with the same
        try:
            await self.around.checkpoints.write(self.resource, checkpoint, self.fence)
            self._recorded = checkpoint
        except LeaseLostError:
            raise
        except TemporaryError as error:
            log.debug("checkpoint is written later", resource=self.resource.plural, reason=str(error))
            return False
        return True

    async def _keep_stream(self) -> None:
        await self.around.streams.until_replaced(self.created)
        raise RelistError("the change log was made anew")

    async def _keep_resynced(self) -> None:
        """Compare table and marker with the log now and then; what the log lost is listed again."""
        while True:
            await self.around.clock.sleep(self.around.resync_interval)
            stored = self.table.sequences()
            try:
                fresh = await read_table(self.around.bus, self.resource)
                marker = await read_marker(self.around.bus, self.resource)
            except TemporaryError as error:
                log.warning("log could not be compared", resource=self.resource.plural, reason=str(error))
                continue  # it is away; when it was made anew, somebody else tells
            is_told = self._owed is not None or (marker is not None and self._is_ours(marker))
            if not is_told or is_behind(fresh, stored, known=self.table.by_subject):
                self._recorded = None
                await self.around.checkpoints.forget(self.resource, self.fence)
                raise RelistError("the log holds less than was stored")

    async def _keep_purged(self) -> None:
        """Remove the subjects of objects that have been gone for a day."""
        while True:
            await self.around.clock.sleep(PURGE_INTERVAL)
            for subject, sequence in self.table.old_tombstones(self.around.clock.now() - self.around.tombstone_age):
                await self.around.bus.purge(CHANGES, subject, up_to=sequence)
                self.table.drop(subject, up_to=sequence)

    async def _keep_epoch(self) -> None:
        """Begin anew when another replica, or another kind, has found that versions mean something else now."""
        await self.around.epochs.until_replaced(self.origin.epoch)
        raise RelistError("the installation is in another epoch")

    async def _keep_looking(self) -> None:
        """Look for a kind that is not served when its definition is written, and not just now and then."""
        while True:
            await self._absent.wait()
            async with aclosing(definitions(self.around.bus, self.resource)) as written:
                async for _ in written:
                    await self._look()
                    if not self._absent.is_set():
                        break

    async def _look(self) -> None:
        for pause in LOOKS:
            await self.around.clock.sleep(pause)
            if self._absent.is_set():
                self._renewal.set()

    def _report_synced(self, is_synced: bool) -> None:
        metrics.SYNCED.labels(resource=self.resource.plural).set(is_synced)
        self.around.on_synced(self.resource, is_synced)


async def watch_kind(resource: Resource, around: Surroundings, fence: Fence) -> None:
    """Read what the log holds of a resource, then follow it."""
    created = await around.streams.created()
    epoch = await epoch_now(resource, around)
    table = await read_table(around.bus, resource)
    origin = Origin(around.install, around.version, epoch)
    await KindWatcher(resource, around, fence, origin, created, table).run()


async def epoch_now(resource: Resource, around: Surroundings) -> str:
    """Return the epoch that a resource is published in from now on, never one before that of its marker."""
    marker = await read_marker(around.bus, resource)
    return await around.epochs.observe(logged=marker.epoch if marker is not None else "")
