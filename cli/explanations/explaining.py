"""From evidence to an explanation: all findings, in the order of the tiers; the first that blocks is the cause.

Separate from the judges because the order is a decision of its own: within a tier servers come before the services
that need them, and those before what they were to do. A part of the platform that is away is the cause only while
this graph waits for the platform.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cli.explanations.creation import creation_findings
from cli.explanations.evidence import ClusterEvidence, Evidence, LogEvidence, Unread
from cli.explanations.findings import Certainty, Explanation, Finding, Thing, Tier, Verdict, quoted
from cli.explanations.moments import changed, condition, created
from cli.explanations.platform import is_stopped, server_findings, service_findings, simulator_findings, stopped
from cli.explanations.pods import pod_findings
from cli.explanations.progress import Outstanding, is_serving, outstanding, service_rows
from cli.explanations.refusals import letter_findings, refusal_findings, webhook_finding
from services.reconciler.desired.names import is_platform_account
from shared.core.json import Manifest, integer, text
from shared.core.objects import generation_of
from shared.core.resources import GRAPHS


def explain(evidence: Evidence, now: datetime) -> Explanation:
    """Return why a graph is not ready, or that it is, or that it could not be found out."""
    seen = evidence.cluster
    if isinstance(seen, Unread):
        return _unknown(evidence, seen)
    if seen.graph is None:
        return _missing(evidence, seen)
    return _explained(evidence, seen, seen.graph, now)


def _explained(evidence: Evidence, seen: ClusterEvidence, graph: Manifest, now: datetime) -> Explanation:
    waits = outstanding(graph, seen)
    is_ready = waits is None and is_serving(graph, seen)
    found = _ordered(_findings(evidence, seen, waits, now))
    blocking = [] if is_ready else [each for each in found if each.is_blocking]
    if not blocking and not is_ready:
        blocking = [_fallback(graph, waits)]
    notes = [each for each in found if each not in blocking and not each.is_passing]
    return Explanation(
        namespace=evidence.namespace,
        name=evidence.name,
        verdict=_verdict(blocking),
        state=text(graph, "status", "state"),
        since=_since(graph, blocking),
        generation=generation_of(graph),
        observed_generation=integer(graph, "status", "observedGeneration"),
        cause=blocking[0] if blocking else None,
        also=blocking[1:],
        notes=notes,
        services=service_rows(graph, seen),
        steps=evidence.log.steps if isinstance(evidence.log, LogEvidence) else (),
        unread=_unread(evidence),
    )


def _findings(evidence: Evidence, seen: ClusterEvidence, waits: Outstanding | None, now: datetime) -> list[Finding]:
    """Return all findings; within a tier in the order in which they are told."""
    needs_account = any(not exists and is_platform_account(name) for name, exists in seen.accounts.items())
    for_servers = waits or (Outstanding("an account that its pods need does not exist yet") if needs_account else None)
    found = [
        *server_findings(evidence, for_servers),
        *webhook_finding(evidence, waits),
        *creation_findings(seen, evidence),
        *service_findings(evidence, waits, now),
        *refusal_findings(evidence),
        *simulator_findings(evidence),
        *pod_findings(seen, evidence, now),
    ]
    if is_stopped("rbac", evidence) and not needs_account:
        effect = "accounts that are missing are not made"
        found.append(stopped("rbac", evidence, effect=effect, waits=None))
    told = {each.thing for each in found}
    return found + [each for each in letter_findings(evidence) if each.thing not in told]


def _ordered(found: Sequence[Finding]) -> list[Finding]:
    """Return findings by tier; what passes by itself after what does not."""
    once: dict[tuple[str, Thing], Finding] = {}
    for each in found:
        once.setdefault((each.code, each.thing), each)
    return sorted(once.values(), key=lambda each: (each.is_passing, each.tier))


def _verdict(blocking: Sequence[Finding]) -> Verdict:
    if not blocking:
        return Verdict.READY
    return Verdict.STARTING if all(each.is_passing for each in blocking) else Verdict.BLOCKED


def _since(graph: Manifest, blocking: Sequence[Finding]) -> datetime | None:
    ready = changed(condition(graph, "Ready")) or created(graph)
    return blocking[0].since or ready if blocking else ready


def _fallback(graph: Manifest, waits: Outstanding | None) -> Finding:
    """Return what the graph's own status says, or what is outstanding, where nothing else was found."""
    moving = condition(graph, "Reconciling")
    words = text(moving, "message") or text(condition(graph, "Ready"), "message")
    what = waits.what if waits is not None else f"its status says {quoted(words)}" if words else "nobody says why"
    return Finding(
        tier=Tier.ADMISSION if waits is not None else Tier.STARTED,
        code="WorkInProgress" if waits is not None else text(moving, "reason") or "NotReady",
        thing=Thing(GRAPHS.kind, text(graph, "metadata", "name"), text(graph, "metadata", "namespace")),
        evidence=what,
        remedy="this passes within seconds; ask again, and if it lasts, see the last decisions below",
        since=changed(condition(graph, "Ready")) or created(graph),
        certainty=Certainty.LIKELY,
        is_passing=True,
    )


def _missing(evidence: Evidence, seen: ClusterEvidence) -> Explanation:
    """Return that there is no such graph, with what keeps new ones from being created, if anything does."""
    found = _ordered([*webhook_finding(evidence, None), *server_findings(evidence, None)])
    blocking = [each for each in found if each.is_blocking]
    return Explanation(
        namespace=evidence.namespace,
        name=evidence.name,
        verdict=Verdict.MISSING,
        cause=blocking[0] if blocking else None,
        also=blocking[1:],
        notes=[each for each in found if each not in blocking],
        steps=evidence.log.steps if isinstance(evidence.log, LogEvidence) else (),
        similar=seen.similar,
        unread=_unread(evidence),
    )


def _unknown(evidence: Evidence, away: Unread) -> Explanation:
    """Return that the API server did not answer, with what the log knew last."""
    log = evidence.log
    last = log.change if isinstance(log, LogEvidence) else None
    known = ""
    if last is not None and not last.is_gone:
        said = quoted(last.state or "nothing")
        known = f"; the log's newest event of the graph says {said} of generation {last.generation}"
    cause = Finding(
        tier=Tier.ADMISSION,
        code="ApiServerUnreachable",
        thing=Thing("Kubernetes API", away.address),
        evidence=f"it did not answer: {quoted(away.reason)}{known}",
        remedy="restore the way to the API server, or name another cluster with --kubeconfig",
        command=f"dynamoctl logs apiserver --name {evidence.stack}" if evidence.stack else "kubectl version",
    )
    waits = Outstanding("whether this graph waits for it cannot be told")
    return Explanation(
        namespace=evidence.namespace,
        name=evidence.name,
        verdict=Verdict.UNKNOWN,
        state=last.state if last is not None else "",
        generation=last.generation if last is not None else 0,
        observed_generation=last.generation if last is not None else 0,
        cause=cause,
        also=list(server_findings(evidence, waits)),
        steps=log.steps if isinstance(log, LogEvidence) else (),
        unread=_unread(evidence),
    )


def _unread(evidence: Evidence) -> dict[str, str]:
    sources = {"Kubernetes API": evidence.cluster, "NATS": evidence.log, "etcd": evidence.ownership}
    away = {name: source.reason for name, source in sources.items() if isinstance(source, Unread)}
    return away | (dict(evidence.cluster.gaps) if isinstance(evidence.cluster, ClusterEvidence) else {})
