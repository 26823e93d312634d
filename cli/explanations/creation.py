"""Why pods are not made at all: accounts that are missing, quotas, refusals, and controllers that have not acted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from cli.explanations.evidence import ClusterEvidence, Evidence
from cli.explanations.findings import Certainty, Finding, Thing, Tier, quoted
from cli.explanations.moments import changed, condition, created, is_true, last_seen, newest_event
from cli.explanations.platform import is_stopped
from cli.explanations.quotas import as_of_now, is_quota_refusal, quota_finding
from cli.explanations.workloads import is_complete, is_made_of, is_of_set, makes_pods, wanted_pods, wanted_replicas
from services.reconciler.desired.names import is_platform_account
from shared.core.json import Manifest, integer, member, text
from shared.core.objects import controller_of, generation_of, is_deleting, name_of, namespace_of, uid_of
from shared.core.resources import POD_CLIQUE_SETS

_ACCOUNT = re.compile(r'serviceaccount "(?P<name>[^"]+)" not found')


def creation_findings(seen: ClusterEvidence, evidence: Evidence) -> Iterator[Finding]:
    """Yield why workloads have fewer pods than they want."""
    told: set[str] = set()
    for name, exists in sorted(seen.accounts.items()):
        if not exists:
            told.add(name)
            yield _account_finding(name, _refused_at(name, seen), seen, evidence)
    found = [finding for each in seen.deployments for finding in _of_deployment(each, seen, evidence)]
    found += [finding for each in seen.gangs if makes_pods(each) for finding in _of_gang(each, seen, evidence)]
    found += _of_set(seen)
    yield from (each for each in found if not (each.thing.kind == "ServiceAccount" and each.thing.name in told))


def _of_deployment(deployment: Manifest, seen: ClusterEvidence, evidence: Evidence) -> Iterator[Finding]:
    namespace, name = namespace_of(deployment), name_of(deployment)
    thing = Thing("Deployment", name, namespace)
    if integer(deployment, "status", "observedGeneration") < generation_of(deployment):
        yield _unattended(thing, "its controller has not looked at its newest generation", created(deployment))
        return
    if member(deployment, "spec", "paused") is True:
        yield Finding(
            tier=Tier.ORCHESTRATOR,
            code="DeploymentPaused",
            thing=thing,
            evidence="it is paused, so its controller changes no pods",
            remedy="resume it",
            command=f"kubectl rollout resume deployment/{name} -n {namespace}",
        )
    for replica_set in seen.replica_sets:
        owner = controller_of(replica_set)
        if owner is not None and owner.uid == uid_of(deployment) and wanted_replicas(replica_set):
            yield from _of_replica_set(replica_set, deployment, seen, evidence)


def _of_replica_set(
    replica_set: Manifest, deployment: Manifest, seen: ClusterEvidence, evidence: Evidence
) -> Iterator[Finding]:
    pods = [each for each in seen.pods if _is_controlled(each, replica_set) and not is_deleting(each)]
    if len(pods) >= wanted_replicas(replica_set):
        return
    failure = condition(replica_set, "ReplicaFailure")
    words, since = text(failure, "message"), changed(failure)
    if text(failure, "status") != "True":
        event = newest_event(seen.events, uid_of(replica_set), ("FailedCreate",))
        words, since = (text(event, "message"), last_seen(event)) if event is not None else ("", None)
    thing = Thing("ReplicaSet", name_of(replica_set), namespace_of(replica_set))
    if words:
        yield _refused(thing, words, since, seen, evidence)
    elif not is_true(deployment, "Available"):
        what = f"it has {len(pods)} of {wanted_replicas(replica_set)} pods, and nobody says why"
        yield _unattended(thing, what, created(replica_set))


def _of_gang(workload: Manifest, seen: ClusterEvidence, evidence: Evidence) -> Iterator[Finding]:
    """Yield why a workload of several nodes has fewer pods than it wants."""
    made = sum(1 for each in seen.pods if is_made_of(each, workload) and not is_deleting(each))
    if made >= wanted_pods(workload) or is_complete(workload):
        return
    thing = Thing(text(workload, "kind"), name_of(workload), namespace_of(workload))
    event = newest_event(seen.events, uid_of(workload), ("FailedCreate",))
    if event is not None:
        yield _refused(thing, text(event, "message"), last_seen(event), seen, evidence)
    else:
        what = f"it has {made} of {wanted_pods(workload)} pods, and nobody says why"
        yield _unattended(thing, what, created(workload))


def _of_set(seen: ClusterEvidence) -> Iterator[Finding]:
    """Yield that Grove has made nothing of the graph's set yet."""
    if seen.clique_set is not None and is_of_set(seen) and not seen.gangs:
        thing = Thing(POD_CLIQUE_SETS.kind, name_of(seen.clique_set), namespace_of(seen.clique_set))
        yield _unattended(thing, "Grove has made no PodClique of it", created(seen.clique_set))


def _refused(thing: Thing, words: str, since: datetime | None, seen: ClusterEvidence, evidence: Evidence) -> Finding:
    account = _ACCOUNT.search(words)
    if account is not None:
        return _account_finding(account["name"], words, seen, evidence, since=since)
    if is_quota_refusal(words):
        refused = quota_finding(words, thing.namespace, since, asker=f"{thing} may make no pod")
        return as_of_now(refused, seen.quotas, thing)
    return Finding(
        tier=Tier.ADMISSION,
        code="PodRefused",
        thing=thing,
        evidence=f"the API server refuses its pods: {quoted(words)}",
        remedy="correct what the message names, in the graph or in the policy that refuses",
        command=f"kubectl describe {thing.kind.lower()} {thing.name} -n {thing.namespace}",
        since=since,
    )


def _account_finding(
    name: str, words: str, seen: ClusterEvidence, evidence: Evidence, *, since: datetime | None = None
) -> Finding:
    namespace = evidence.namespace
    evidence_text = "it does not exist, so no pod that runs under it can be made"
    if words:
        evidence_text += f": {quoted(words)}"
    if not is_platform_account(name):
        remedy, command = "create it; the graph names it itself", f"kubectl create serviceaccount {name} -n {namespace}"
        certainty = Certainty.CERTAIN
    elif is_stopped("rbac", evidence):
        evidence_text += "; no replica of the rbac service is alive, which makes it"
        remedy, command = "start the rbac service", _logs(evidence)
        certainty = Certainty.CERTAIN
    else:
        remedy, command = "the rbac service makes it within seconds; if it lasts, see its log", _logs(evidence)
        certainty = Certainty.LIKELY
    return Finding(
        tier=Tier.ADMISSION,
        code="AccountMissing",
        thing=Thing("ServiceAccount", name, namespace),
        evidence=evidence_text,
        remedy=remedy,
        command=command,
        since=since or _since_refused(name, seen),
        certainty=certainty,
    )


def _refused_at(account: str, seen: ClusterEvidence) -> str:
    """Return the words with which pods were refused for want of an account."""
    failures = (text(condition(each, "ReplicaFailure"), "message") for each in seen.replica_sets)
    events = (text(each, "message") for each in seen.events if text(each, "reason") == "FailedCreate")
    return next((words for words in (*failures, *events) if f'serviceaccount "{account}" not found' in words), "")


def _since_refused(account: str, seen: ClusterEvidence) -> datetime | None:
    found = [condition(each, "ReplicaFailure") for each in seen.replica_sets]
    named = [changed(each) for each in found if f'"{account}" not found' in text(each, "message")]
    return min((each for each in named if each is not None), default=None)


def _unattended(thing: Thing, what: str, since: datetime | None) -> Finding:
    return Finding(
        tier=Tier.ORCHESTRATOR,
        code="ControllerBehind",
        thing=thing,
        evidence=what,
        remedy="this passes when the cluster's controllers act; if it lasts, see that they run",
        command=f"kubectl describe {thing.kind.lower()} {thing.name} -n {thing.namespace}",
        since=since,
        certainty=Certainty.LIKELY,
        is_passing=True,
    )


def _is_controlled(pod: Manifest, replica_set: Manifest) -> bool:
    owner = controller_of(pod)
    return owner is not None and owner.uid == uid_of(replica_set)


def _logs(evidence: Evidence) -> str:
    return f"dynamoctl logs rbac --name {evidence.stack}" if evidence.stack else ""
