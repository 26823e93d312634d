"""Whether the log is true to the cluster: synced markers, checkpoints, the newest edit, and what was given up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from cli.findings.evidence import BusSeen, Evidence, Unseen
from cli.findings.finding import Finding, Topic, counted, error, listed, ok, warning
from cli.findings.servers import age
from shared.contracts.controls import PartitionStatus
from shared.contracts.streams import CHANGES
from shared.contracts.watched import WATCHED

_WATCHER_LOGS = "start the watcher, or see why it is not ready: dynamoctl logs watcher"
_REASONS = 3  # that are told of dead letters


def of_watcher(evidence: Evidence) -> Iterator[Finding]:
    """Yield what is found of the watcher's work."""
    found = [*_markers(evidence), *_checkpoints(evidence), *_lateness(evidence)]
    is_seen = not isinstance(evidence.bus, Unseen) and not isinstance(evidence.store, Unseen)
    if is_seen and not found:
        found = [ok(Topic.WATCHER, "log", f"{_complete(evidence)}, the newest edit is in it")]
    yield from found


def _complete(evidence: Evidence) -> str:
    """Return how many kinds are in the log, and how many cannot be because the cluster does not serve them."""
    markers = {} if isinstance(evidence.bus, Unseen) else evidence.bus.markers
    absent = sum(marker is not None and marker.absent for marker in markers.values())
    complete = f"{counted(len(WATCHED) - absent, 'kind')} complete"
    return f"{complete}, {counted(absent, 'kind')} not served here" if absent else complete


def _markers(evidence: Evidence) -> Iterator[Finding]:
    bus, store = evidence.bus, evidence.store
    if isinstance(bus, Unseen) or (stream := bus.streams.get(CHANGES)) is None:
        return
    epoch = "" if isinstance(store, Unseen) else store.epoch
    missing, foreign = [], []
    for resource in WATCHED:
        marker = bus.markers.get(resource)
        if marker is None:
            missing.append(resource.plural)
        elif marker.stream_created != stream.created or (epoch and marker.epoch != epoch):
            foreign.append(resource.plural)
    if missing:
        said = f"not complete in the log, so no pass runs that reads it: {listed(missing)}"
        yield error(Topic.WATCHER, "synced markers", said, _WATCHER_LOGS)
    if foreign:
        said = f"of another stream or epoch, so nobody trusts them: {listed(foreign)}"
        yield error(Topic.WATCHER, "synced markers", said, _WATCHER_LOGS)


def _checkpoints(evidence: Evidence) -> Iterator[Finding]:
    store, cluster = evidence.store, evidence.cluster
    if isinstance(store, Unseen):
        return
    known = {name: each for name, each in store.checkpoints.items() if each is not None}
    damaged = sorted(set(store.checkpoints) - set(known))
    if damaged:
        todo = "nothing: the watcher lists these kinds when it starts, and records anew"
        yield warning(Topic.WATCHER, "checkpoints", f"cannot be read: {listed(damaged)}", todo)
    newest = 0 if isinstance(cluster, Unseen) else cluster.newest
    ahead = [name for name, each in known.items() if each.epoch == store.epoch and newest and each.version > newest]
    if ahead:
        said = f"the cluster is at version {newest}, older than what was seen of {listed(ahead)}: it was restored"
        yield error(
            Topic.WATCHER, "checkpoints", said, "restart the watcher: it begins a new epoch and publishes all anew"
        )


def _lateness(evidence: Evidence) -> Iterator[Finding]:
    late = evidence.lateness
    if late is None or isinstance(late, Unseen) or late.logged >= late.version:
        return
    said = f"its newest state is version {late.version}, the log knows {late.logged or 'none'}"
    yield error(Topic.WATCHER, f"graph {late.graph}", said, _WATCHER_LOGS)


def of_letters(evidence: Evidence) -> Iterator[Finding]:
    """Yield what is found of dead letters."""
    bus = evidence.bus
    if isinstance(bus, Unseen):
        return
    if not bus.letters:
        yield ok(Topic.LETTERS, "dead letters", "none")
        return
    oldest = min(letter.time for letter in bus.letters)
    reasons = Counter(f"{letter.service}: {letter.reason}" for letter in bus.letters)
    told = "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common(_REASONS))
    more = f"; and {len(reasons) - _REASONS} more reasons" if len(reasons) > _REASONS else ""
    letters = f"{counted(len(bus.letters), 'letter')}, the oldest {age(evidence.now - oldest)} old"
    said = f"{letters}, {_still(bus)}: {told}{more}"
    todo = "dynamoctl dlq list; when the cause is gone: dynamoctl dlq replay --all, or drop"
    yield warning(Topic.LETTERS, "dead letters", said, todo)


def _still(bus: BusSeen) -> str:
    given_up = sum(status.given_up for status in bus.statuses.values() if isinstance(status, PartitionStatus))
    return f"{counted(given_up, 'object')} still given up"
