"""Who works on what: members and versions, claims without an owner, owners that do not answer, and how far they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import assert_never

from cli.findings.evidence import (
    FACT_WRITERS,
    NAMESPACE_FACTS,
    SERVICES,
    WATCHER,
    BusSeen,
    Evidence,
    Holder,
    NoOwner,
    StoreSeen,
    Unseen,
)
from cli.findings.finding import Finding, Topic, counted, error, listed, ok, warning
from shared.contracts.controls import PartitionStatus
from shared.contracts.facts import GPU, ORCHESTRATORS, QUEUES
from shared.contracts.keys import PARTITIONS
from shared.contracts.watched import WATCHED

LATE = 5.0  # seconds that an event in the log may stay unseen by the owner of its partition
LONG_WAIT = 60.0  # seconds in the queue
LONG_PASS = 60.0  # every request of a pass has a deadline far below

UNITS: Mapping[str, tuple[str, ...]] = {
    WATCHER: tuple(resource.group_resource for resource in WATCHED),
    FACT_WRITERS: (GPU, ORCHESTRATORS, QUEUES),
    NAMESPACE_FACTS: ("namespaces",),
    **dict.fromkeys(SERVICES, tuple(str(number) for number in range(PARTITIONS))),
}
_ROOM = {FACT_WRITERS: "discovery", NAMESPACE_FACTS: "reconciler"}  # whose process takes these claims
_NOUN = {WATCHER: "kind", FACT_WRITERS: "fact", NAMESPACE_FACTS: "set of facts"}


def of_members(evidence: Evidence) -> Iterator[Finding]:
    """Yield what is found of the live replicas and their versions."""
    seen = evidence.store
    if isinstance(seen, Unseen):
        return
    for service in (WATCHER, *SERVICES):
        members = seen.members.get(service, {})
        if not members:
            yield error(Topic.MEMBERS, service, "no replica is alive: nobody does its work", _start(service))
    by_version: dict[str, set[str]] = defaultdict(set)
    for service, members in seen.members.items():
        for member, version in members.items():
            by_version[version or "unknown"].add(f"{service} {member}")
    if len(by_version) > 1:
        told = "; ".join(f"{version}: {listed(sorted(names), 3)}" for version, names in sorted(by_version.items()))
        yield warning(Topic.MEMBERS, "versions", f"mixed: {told}", "finish the upgrade")
    elif by_version and set(by_version) != {evidence.version}:
        told = f"the services are {listed(by_version)}, this dynamoctl is {evidence.version}"
        yield warning(Topic.MEMBERS, "versions", told, "use the dynamoctl of the same version")
    elif by_version:
        count = sum(len(members) for service, members in seen.members.items() if service not in _ROOM)
        yield ok(Topic.MEMBERS, "replicas", f"{counted(count, 'replica')}, version {evidence.version}")


def of_claims(evidence: Evidence) -> Iterator[Finding]:
    """Yield what is found of the claims, and of owners that do not answer for theirs."""
    seen = evidence.store
    if isinstance(seen, Unseen):
        return
    for service, units in UNITS.items():
        claims = seen.claims.get(service, {})
        found = [*_unclaimed(service, units, claims), *_unanswered(evidence, seen, service)]
        if not found:
            holders = {holder.member for holder in claims.values()}
            said = f"{counted(len(units), _NOUN.get(service, 'partition'))}, held by {counted(len(holders), 'replica')}"
            found = [ok(Topic.CLAIMS, service, said)]
        yield from found


def _unclaimed(service: str, units: tuple[str, ...], claims: Mapping[str, Holder]) -> Iterator[Finding]:
    missing = [unit for unit in units if unit not in claims]
    if missing:
        noun = _NOUN.get(service, "partition")
        said = f"{counted(len(missing), noun)} of {len(units)} held by nobody: {listed(missing)}"
        yield error(Topic.CLAIMS, service, said, _start(_ROOM.get(service, service)))


def _unanswered(evidence: Evidence, store: StoreSeen, service: str) -> Iterator[Finding]:
    """Compare who holds each claim with who answers for it."""
    if isinstance(evidence.bus, Unseen) or service not in SERVICES:
        return
    silent: dict[str, list[str]] = defaultdict(list)
    slow: dict[str, list[str]] = defaultdict(list)
    others: list[str] = []
    for unit, holder in store.claims.get(service, {}).items():
        match evidence.bus.statuses.get((service, int(unit))):
            case NoOwner():
                silent[holder.member].append(unit)
            case Unseen():
                slow[holder.member].append(unit)
            case PartitionStatus() as status:
                others += [unit] * (status.token != holder.token)
            case None:
                pass  # claimed after it was asked for
            case other:
                assert_never(other)
    for member, held in silent.items():
        said = f"the claims of {member} on {counted(len(held), 'partition')} stand, but it does not answer any more"
        todo = "a former replica's claims end within the claim TTL (10 s unless set); if it lasts, restart that replica"
        yield error(Topic.CLAIMS, service, said, todo)
    for member, held in slow.items():
        said = f"{member} holds {counted(len(held), 'partition')} and gives no answer in time"
        yield error(Topic.CLAIMS, service, said, f"see whether it hangs or is paused; dynamoctl logs {service}")
    if others:
        said = f"partitions are answered for by another replica than their claims name: {listed(others)}"
        yield warning(Topic.CLAIMS, service, said, "this passes with a hand-over; if it lasts, read both logs")


def of_lag(evidence: Evidence) -> Iterator[Finding]:
    """Yield what is found of how far the owners of partitions are."""
    if isinstance(evidence.bus, Unseen):
        return
    for service in SERVICES:
        statuses = _statuses(evidence.bus, service)
        if not statuses:
            continue
        found = list(_late(service, statuses))
        if not found:
            queued = sum(status.queued + status.running for status in statuses)
            entries = sum(status.entries for status in statuses)
            said = f"all events seen, {counted(queued, 'pass', 'passes')} to do, {entries} objects known"
            found = [ok(Topic.LAG, service, said)]
        yield from found


def _late(service: str, statuses: list[PartitionStatus]) -> Iterator[Finding]:
    waiting: dict[str, list[PartitionStatus]] = defaultdict(list)
    for status in statuses:
        if status.waits_for:
            waiting[status.waits_for].append(status)
    for reason, those in waiting.items():
        said = f"{_partitions(those)}: no pass runs, waiting for {reason}"
        yield error(Topic.LAG, service, said, "see what is found of the watcher and of discovery")
    logs = f"dynamoctl logs {service}"
    measures: tuple[tuple[Callable[[PartitionStatus], float], float, str, str], ...] = (
        (lambda each: each.lag, LATE, "an event has been in the log unseen", f"{logs}; if it lasts, restart it"),
        (
            lambda each: each.oldest_queued,
            LONG_WAIT,
            "an object has been waiting for its pass",
            f"more replicas; {logs}",
        ),
        (lambda each: each.oldest_pass, LONG_PASS, "a pass has been running", logs),
    )
    for measure, bar, what, todo in measures:
        those = [status for status in statuses if measure(status) > bar]
        if those:
            longest = max(map(measure, those))
            yield warning(Topic.LAG, service, f"{_partitions(those)}: {what} for {longest:.0f} s", todo)


def _statuses(bus: BusSeen, service: str) -> list[PartitionStatus]:
    return [status for (of, _), status in bus.statuses.items() if of == service and isinstance(status, PartitionStatus)]


def _partitions(statuses: list[PartitionStatus]) -> str:
    numbers = listed([str(status.partition) for status in statuses])
    return f"{'partition' if len(statuses) == 1 else 'partitions'} {numbers}"


def _start(service: str) -> str:
    return f"start {service} (in a local stack: dynamoctl down and up); dynamoctl logs {service} says why it ended"
