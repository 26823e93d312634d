"""Why pods that exist are not ready: their node, their image, their volumes, their process, their probe.

In the words of scheduler and kubelet, which people search for. What belongs to every start (a pod that was made a
moment ago and whose containers are being created) is `Starting`: it is no trouble and passes by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cli.explanations.capacity import unschedulable
from cli.explanations.evidence import ClusterEvidence, Evidence
from cli.explanations.findings import Certainty, Finding, Thing, Tier, quoted
from cli.explanations.moments import ago, changed, condition, created, last_seen, moment, newest_event
from cli.stories import is_pod_ready
from shared.core import labels
from shared.core.json import Manifest, integer, items, mapping, member, text
from shared.core.objects import is_deleting, labels_of, name_of, namespace_of, uid_of

STARTING = "Starting"
USUAL = timedelta(minutes=5)  # in which a model server loads what it serves
OVERDUE = timedelta(minutes=1)  # beyond the grace that a pod was given to end
UNATTENDED = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What a reason for which a container waits means."""

    code: str
    what: str
    remedy: str
    needs_log: bool = False


_PULL = _Waiting("ImagePullFailed", "its image cannot be pulled", "correct the image or its pull secret in the spec")
_CRASH = _Waiting("CrashLoop", "its process ends again and again", "see why in the log of its last run", needs_log=True)
_REASONS: Mapping[str, _Waiting] = {
    "ErrImagePull": _PULL,
    "ImagePullBackOff": _PULL,
    "ImageInspectError": _PULL,
    "ErrImageNeverPull": _PULL,
    "InvalidImageName": _Waiting("ImagePullFailed", "its image has no valid name", "correct the image in the spec"),
    "CrashLoopBackOff": _CRASH,
    "CreateContainerConfigError": _Waiting(
        "ConfigurationMissing",
        "a Secret, a ConfigMap or a key that it names is missing",
        "create it, or correct the name in the spec",
    ),
    "CreateContainerError": _Waiting("ContainerFailed", "it cannot be created", "correct what the kubelet says"),
    "RunContainerError": _Waiting("ContainerFailed", "it cannot be run", "correct what the kubelet says"),
}


def pod_findings(seen: ClusterEvidence, evidence: Evidence, now: datetime) -> Iterator[Finding]:
    """Yield what keeps pods from being ready; the same trouble of several pods of a service is told once."""
    told: dict[tuple[str, str], Finding] = {}
    for pod in sorted(seen.pods, key=name_of):
        finding = _of_pod(pod, seen, evidence, now)
        if finding is None:
            continue
        key = (finding.code, labels_of(pod).get(labels.COMPONENT, ""))
        first = told.setdefault(key, finding)
        if first is not finding:
            told[key] = replace(first, further=first.further + 1, since=_earlier(first.since, finding.since))
    yield from told.values()


def _of_pod(pod: Manifest, seen: ClusterEvidence, evidence: Evidence, now: datetime) -> Finding | None:
    if is_deleting(pod):
        return _stuck(pod, now)
    if text(pod, "status", "phase") == "Succeeded":
        return None
    node = text(pod, "spec", "nodeName")
    if not node:
        return _without_node(pod, seen, evidence, now)
    lost = _lost(pod, node, seen, now)
    if lost is not None or is_pod_ready(pod):
        return lost
    return _container(pod) or _volume(pod, seen) or _unready(pod, seen, now)


def _without_node(pod: Manifest, seen: ClusterEvidence, evidence: Evidence, now: datetime) -> Finding | None:
    said = condition(pod, "PodScheduled")
    if text(said, "reason") == "SchedulingGated":
        what = f"it is held back by scheduling gates: {quoted(text(said, 'message') or 'scheduling is gated')}"
        finding = _finding(pod, "SchedulingGated", what, "its gates are removed by who set them")
        return replace(finding, tier=Tier.ORCHESTRATOR)
    if text(said, "status") == "False":
        return unschedulable(pod, seen, evidence)
    born = created(pod)
    if born is not None and now - born > UNATTENDED:
        scheduler = text(pod, "spec", "schedulerName") or "default-scheduler"
        what = f"no scheduler has looked at it for {ago(born, now)}; it names {quoted(scheduler)}"
        finding = _finding(pod, "NotScheduled", what, "see that this scheduler runs", since=born)
        return replace(finding, tier=Tier.ORCHESTRATOR, certainty=Certainty.LIKELY)
    return _starting(pod, "it waits for the scheduler", born)


def _lost(pod: Manifest, node: str, seen: ClusterEvidence, now: datetime) -> Finding | None:
    if node not in seen.nodes:
        return None
    found = seen.nodes[node]
    where = f"pod {name_of(pod)} of service {labels_of(pod).get(labels.COMPONENT, '?')}"
    if found is None:
        what, since = f"the node is gone, and {where} was on it", None
    else:
        ready = condition(found, "Ready")
        if not ready or text(ready, "status") == "True":
            return None
        since = changed(ready)
        words = text(ready, "message") or text(ready, "reason") or f"Ready is {text(ready, 'status')}"
        what = (
            f"it has not been ready for {ago(since, now) if since else 'some time'}: {quoted(words)}; {where} is on it"
        )
    return Finding(
        tier=Tier.ORCHESTRATOR,
        code="NodeLost",
        thing=Thing("Node", node),
        evidence=what,
        remedy="bring the node back; or remove the pod, so that another node takes its successor",
        command=f"kubectl delete pod {name_of(pod)} -n {namespace_of(pod)} --force --grace-period=0",
        since=since,
    )


def _container(pod: Manifest) -> Finding | None:
    statuses = [*items(pod, "status", "initContainerStatuses"), *items(pod, "status", "containerStatuses")]
    for status in statuses:
        waiting = mapping(status, "state", "waiting")
        reason = _REASONS.get(text(waiting, "reason"))
        if reason is not None:
            words = f"{text(waiting, 'reason')} {text(waiting, 'message')}".strip()
            return _of_reason(pod, status, reason, words)
        ended = mapping(status, "state", "terminated") or mapping(status, "lastState", "terminated")
        if integer(ended, "exitCode") and member(status, "ready") is not True:
            return _of_reason(pod, status, _CRASH, _ending(ended))
    return None


def _of_reason(pod: Manifest, status: object, reason: _Waiting, words: str) -> Finding:
    container, namespace = text(status, "name"), namespace_of(pod)
    last = mapping(status, "lastState", "terminated")
    code = "OutOfMemory" if "OOMKilled" in (text(last, "reason"), words.partition(" ")[0]) else reason.code
    what = f"container {container}: {reason.what}: {quoted(words)}"
    if reason.needs_log and last and _ending(last) != words:
        what += f"; its last run ended with {_ending(last)}, restarts: {integer(status, 'restartCount')}"
    finding = _finding(pod, code, what, reason.remedy, since=_unready_since(pod))
    if code == "OutOfMemory":
        return replace(finding, remedy="raise the memory limit of the service, or let it use less")
    if reason.needs_log:
        return replace(finding, command=f"kubectl logs {name_of(pod)} -c {container} -n {namespace} --previous")
    return finding


def _ending(terminated: Mapping[str, object]) -> str:
    return f"{text(terminated, 'reason') or 'Error'} (exit code {integer(terminated, 'exitCode')})"


def _volume(pod: Manifest, seen: ClusterEvidence) -> Finding | None:
    """Return what keeps volumes from being mounted: only Events tell, the containers just wait to be created."""
    event = newest_event(seen.events, uid_of(pod), ("FailedMount", "FailedAttachVolume", "FailedMapVolume"))
    if event is None or text(pod, "status", "phase") != "Pending":
        return None
    what = f"a volume cannot be mounted: {quoted(text(event, 'message'))}"
    remedy = "create what the volume names, or correct the name in the spec"
    return _finding(pod, "VolumeNotMounted", what, remedy, since=last_seen(event))


def _unready(pod: Manifest, seen: ClusterEvidence, now: datetime) -> Finding | None:
    runs = [mapping(each, "state", "running") for each in items(pod, "status", "containerStatuses")]
    unhealthy = newest_event(seen.events, uid_of(pod), ("Unhealthy",))
    if runs and all(runs):
        began = max((at for each in runs if (at := moment(each, "startedAt")) is not None), default=None)
        if unhealthy is None and (began is None or now - began < USUAL):
            return _starting(pod, "its containers run and its readiness probe has not succeeded yet", began)
        for_long = f"for {ago(began, now)} " if began else ""
        words = f": {quoted(text(unhealthy, 'message'))}" if unhealthy is not None else ""
        what = f"its containers have run {for_long}without becoming ready{words}"
        finding = _finding(pod, "NeverReady", what, "see in its log what it waits for", since=began)
        command = f"kubectl logs {name_of(pod)} -n {namespace_of(pod)} --all-containers"
        certainty = Certainty.CERTAIN if unhealthy is not None else Certainty.LIKELY
        return replace(finding, command=command, certainty=certainty)
    since = changed(condition(pod, "PodScheduled")) or created(pod)
    if since is not None and now - since > USUAL:
        what = f"its containers have not been created for {ago(since, now)}"
        finding = _finding(pod, "SlowStart", what, "see its Events", since=since)
        return replace(finding, certainty=Certainty.LIKELY)
    return _starting(pod, "its containers are being created", since)


def _stuck(pod: Manifest, now: datetime) -> Finding | None:
    due = moment(pod, "metadata", "deletionTimestamp")
    if due is None or now - due < OVERDUE:
        return None
    what = f"it should have ended {ago(due, now)} ago"
    finding = _finding(pod, "PodStuck", what, "see that its node lives, and who holds a finalizer")
    return replace(finding, tier=Tier.ORCHESTRATOR)


def _starting(pod: Manifest, what: str, since: datetime | None) -> Finding:
    finding = _finding(pod, STARTING, what, "this passes by itself", since=since)
    return replace(finding, certainty=Certainty.LIKELY, is_passing=True)


def _finding(pod: Manifest, code: str, what: str, remedy: str, *, since: datetime | None = None) -> Finding:
    name, namespace = name_of(pod), namespace_of(pod)
    return Finding(
        tier=Tier.STARTED,
        code=code,
        thing=Thing("Pod", name, namespace),
        evidence=what,
        remedy=remedy,
        command=f"kubectl describe pod {name} -n {namespace}",
        since=since,
    )


def _unready_since(pod: Manifest) -> datetime | None:
    return changed(condition(pod, "Ready")) or created(pod)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((each for each in (one, other) if each is not None), default=None)
