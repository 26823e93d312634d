"""What of the platform is away: servers and services, by what they left in each other's stores.

Whether that is in the way of this graph is told by the caller: the work that is outstanding for it, if any.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from cli.explanations.evidence import Evidence, LogEvidence, OwnershipEvidence, Unread
from cli.explanations.findings import Certainty, Finding, Thing, Tier, quoted
from cli.explanations.moments import ago
from cli.explanations.progress import Outstanding
from shared.core.objects import version_of

PATIENCE = timedelta(seconds=5)  # a pass after its event; many times what it takes
SIMULATOR = "simulator"  # the process of a local stack that plays controllers, scheduler and nodes
SERVERS = {"nats": "NATS", "etcd": "etcd"}


def server_findings(evidence: Evidence, waits: Outstanding | None) -> Iterator[Finding]:
    """Yield a finding for NATS and for etcd if they did not answer."""
    for source, code, process, remedy in (
        (evidence.ownership, "EtcdUnreachable", "etcd", "passes go on when it is back and claims are taken again"),
        (evidence.log, "NatsUnreachable", "nats", "nothing is lost: the log is repaired when it is back"),
    ):
        if isinstance(source, Unread) and source.is_away:
            yield Finding(
                tier=Tier.ADMISSION,
                code=code,
                thing=Thing(SERVERS[process], source.address),
                evidence=f"it did not answer: {quoted(source.reason)}{_so(waits)}",
                remedy=f"start it, or restore the way to it; {remedy}",
                command=_look(evidence, process),
                is_blocking=waits is not None,
            )


def service_findings(evidence: Evidence, waits: Outstanding | None, now: datetime) -> Iterator[Finding]:
    """Yield what is wrong with watcher, log, discovery and reconciler, in the order in which a change meets them."""
    yield from _watcher(evidence, waits)
    yield from _discovery(evidence, waits)
    yield from _reconciler(evidence, waits, now)


def simulator_findings(evidence: Evidence) -> Iterator[Finding]:
    """Yield that nothing runs on a local stack any more, if its simulator has ended."""
    if SIMULATOR in evidence.ended:
        yield Finding(
            tier=Tier.ORCHESTRATOR,
            code="SimulatorStopped",
            thing=Thing("Process", SIMULATOR),
            evidence=f"it has ended (log: {evidence.ended[SIMULATOR]}): no pod is made, placed or run",
            remedy="start the stack anew: dynamoctl down, then up",
            command=_look(evidence, SIMULATOR),
        )


def is_stopped(service: str, evidence: Evidence) -> bool:
    """Return whether no replica of a service lives, as far as was read."""
    owned = evidence.ownership
    has_replica = isinstance(owned, Unread) or bool(owned.replicas.get(service))
    own = [name for name in evidence.ended if name.partition("-")[0] == service]
    return not has_replica or (bool(own) and not _lives_elsewhere(service, evidence))


def stopped(service: str, evidence: Evidence, *, effect: str, waits: Outstanding | None) -> Finding:
    """Return the finding that a service has no replica."""
    return Finding(
        tier=Tier.ADMISSION,
        code=f"{service.capitalize()}Stopped",
        thing=Thing("Service", service),
        evidence=f"{_no_replica(service, evidence)}: {effect}{_so(waits)}",
        remedy=f"start the {service} service; it goes on where it stopped",
        command=_look(evidence, service),
        is_blocking=waits is not None,
    )


def _watcher(evidence: Evidence, waits: Outstanding | None) -> Iterator[Finding]:
    if is_stopped("watcher", evidence):
        effect = "changes of the cluster reach no other service"
        yield stopped("watcher", evidence, effect=effect + _behind_clause(evidence), waits=waits)
        return
    log, owned = evidence.log, evidence.ownership
    if isinstance(log, LogEvidence):
        if log.missing_stream:
            yield _log_finding("StreamMissing", f"stream {log.missing_stream} does not exist", evidence, waits)
        elif log.incomplete:
            yield _log_finding(
                "LogIncomplete", f"no complete list is in the log of: {', '.join(log.incomplete)}", evidence, waits
            )
    if isinstance(owned, OwnershipEvidence) and "dynamographdeployments" in owned.unwatched:
        yield _log_finding("GraphsUnwatched", "no replica of the watcher has claimed the graphs", evidence, waits)
    elif _behind_clause(evidence):
        yield _log_finding("WatcherBehind", _behind_clause(evidence).removeprefix("; "), evidence, waits)


def _log_finding(code: str, what: str, evidence: Evidence, waits: Outstanding | None) -> Finding:
    return Finding(
        tier=Tier.ADMISSION,
        code=code,
        thing=Thing("Service", "watcher"),
        evidence=f"{what}{_so(waits)}",
        remedy="the watcher repairs this by itself within seconds; if it lasts, see its log",
        command=_look(evidence, "watcher"),
        certainty=Certainty.LIKELY,
        is_blocking=waits is not None,
    )


def _discovery(evidence: Evidence, waits: Outstanding | None) -> Iterator[Finding]:
    owned = evidence.ownership
    if isinstance(owned, Unread) or not is_stopped("discovery", evidence):
        return
    if owned.has_orchestrators:
        effect = "the GPU capacity grows old, and no instance is recorded"
        yield stopped("discovery", evidence, effect=effect, waits=None)
    else:
        effect = "nobody has said which orchestrators the cluster offers, so nothing is rendered"
        yield stopped("discovery", evidence, effect=effect, waits=waits)


def _reconciler(evidence: Evidence, waits: Outstanding | None, now: datetime) -> Iterator[Finding]:
    owned, log = evidence.ownership, evidence.log
    if is_stopped("reconciler", evidence):
        yield stopped("reconciler", evidence, effect="no graph is worked on", waits=waits)
        return
    if isinstance(owned, Unread):
        return
    owner = owned.owners.get("reconciler")
    if owner is None:
        yield Finding(
            tier=Tier.ADMISSION,
            code="PartitionUnowned",
            thing=Thing("Partition", str(owned.partition)),
            evidence=f"no replica of the reconciler owns it at this moment{_so(waits)}",
            remedy="another replica takes it within the life of a claim and 2 s; if it lasts, see their logs",
            command=_look(evidence, "reconciler"),
            is_blocking=waits is not None,
        )
        return
    change = log.change if isinstance(log, LogEvidence) else None
    if waits is None or change is None or _behind_clause(evidence) or now - change.at < PATIENCE:
        return
    since = owned.replicas.get("reconciler", {}).get(owner)
    yield Finding(
        tier=Tier.ADMISSION,
        code="ReconcilerBehind",
        thing=Thing("Service", "reconciler"),
        evidence=(
            f"replica {owner}{f', alive for {ago(since, now)},' if since else ''} owns partition {owned.partition} and "
            f"its log has had the newest change for {ago(change.at, now)}{_so(waits)}"
        ),
        remedy="see in its log what the passes of this graph end with",
        command=_look(evidence, "reconciler"),
        since=change.at,
        certainty=Certainty.LIKELY,
    )


def _behind_clause(evidence: Evidence) -> str:
    """Return how far the log is behind the API server, as a clause; nothing when it is not."""
    log, cluster = evidence.log, evidence.cluster
    if isinstance(log, Unread) or isinstance(cluster, Unread) or cluster.graph is None or log.missing_stream:
        return ""
    version = version_of(cluster.graph)
    if log.change is None or log.change.is_gone:
        return f"; the log holds no event of this graph, which is at version {version}"
    if log.change.version < version:
        return f"; the newest event of this graph is of version {log.change.version}, the graph is at {version}"
    return ""


def _no_replica(service: str, evidence: Evidence) -> str:
    own = next((name for name in evidence.ended if name.partition("-")[0] == service), "")
    if own:
        return f"process {own} has ended (log: {evidence.ended[own]})"
    return "no replica of it is alive"


def _lives_elsewhere(service: str, evidence: Evidence) -> bool:
    """Return whether a replica lives that is not one of the processes that ended."""
    owned = evidence.ownership
    return not isinstance(owned, Unread) and any(name not in evidence.ended for name in owned.replicas.get(service, {}))


def _so(waits: Outstanding | None) -> str:
    return f"; {waits.what}" if waits is not None else ""


def _look(evidence: Evidence, process: str) -> str:
    return f"dynamoctl logs {process} --name {evidence.stack}" if evidence.stack else ""
