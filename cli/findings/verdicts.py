"""All findings in the order in which they are shown, and what they say together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from cli.findings.admission import of_webhook
from cli.findings.evidence import Evidence, Unseen
from cli.findings.finding import Finding, Severity, Topic, counted
from cli.findings.history import of_letters, of_watcher
from cli.findings.ownership import of_claims, of_lag, of_members
from cli.findings.servers import of_cluster, of_etcd, of_nats, of_stack

_BY_TOPIC: Mapping[Topic, Callable[[Evidence], Iterator[Finding]]] = {
    Topic.STACK: of_stack,
    Topic.CLUSTER: of_cluster,
    Topic.NATS: of_nats,
    Topic.ETCD: of_etcd,
    Topic.MEMBERS: of_members,
    Topic.CLAIMS: of_claims,
    Topic.WATCHER: of_watcher,
    Topic.LAG: of_lag,
    Topic.WEBHOOK: of_webhook,
    Topic.LETTERS: of_letters,
}


def findings(evidence: Evidence, only: Collection[Topic] = ()) -> list[Finding]:
    """Return what is found, by topic; of some topics only when they are named."""
    return [each for topic in Topic if topic in only or not only for each in _BY_TOPIC[topic](evidence)]


def verdict(found: Sequence[Finding]) -> str:
    """Return the last line: whether the platform is well, and if not, where to begin."""
    errors = [each for each in found if each.severity is Severity.ERROR]
    warnings = [each for each in found if each.severity is Severity.WARNING]
    if not errors and not warnings:
        return "healthy"
    told = [counted(len(errors), "error")] * bool(errors) + [counted(len(warnings), "warning")] * bool(warnings)
    first = (errors or warnings)[0]
    state = "not healthy" if errors else "healthy, with warnings"
    return f"{state}: {', '.join(told)}; begin with {first.subject}: {first.todo}"


def has_errors(found: Sequence[Finding]) -> bool:
    """Return whether anything is stopped."""
    return any(each.severity is Severity.ERROR for each in found)


def is_out_of_reach(evidence: Evidence) -> bool:
    """Return whether none of the three servers could be asked."""
    return all(isinstance(each, Unseen) for each in (evidence.cluster, evidence.bus, evidence.store))
