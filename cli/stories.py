"""What an event means to a person: one line for each thing that happened.

Pure, apart from remembering the last state of each object: a change event carries a state, and what happened is the
difference to the state before. Events in which nothing happened for a person give no line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from shared.contracts.envelope import decode_change
from shared.contracts.subjects import ROOT, parse_change_subject
from shared.contracts.watched import gpus_requested
from shared.core.errors import InvalidObjectError
from shared.core.json import integer, items, mapping, member, text
from shared.core.resources import (
    COMPONENTS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    GRAPHS,
    LEADER_WORKER_SETS,
    POD_CLIQUES,
    PODS,
    ROLE_BINDINGS,
    SERVICE_ACCOUNTS,
    Ref,
    Resource,
)
from shared.ports.bus import StoredMessage


@dataclass(frozen=True, slots=True)
class Story:
    """One line: when, who says it, under which subject, about which object, and what happened."""

    at: datetime
    service: str
    subject: str
    about: str
    meaning: str
    correlation: str = ""
    event_id: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Storyteller:
    """Turn messages of the streams into stories; remembers the last state of each object."""

    _last: dict[str, Mapping[str, object]] = field(default_factory=dict)

    def stories(self, message: StoredMessage) -> list[Story]:
        """Return what a message tells, which may be nothing."""
        root, _, rest = message.subject.partition(".")
        log = rest.partition(".")[0]
        if root != ROOT:
            return []
        if log == "changes":
            return self._change(message)
        if log == "synced":
            return [_story(message, "watcher", message.subject.rpartition(".")[2], "complete in the log")]
        return [self._decision(message)]

    def _change(self, message: StoredMessage) -> list[Story]:
        try:
            headers = decode_change(message.headers)
            ref = parse_change_subject(message.subject).ref
            body = orjson.loads(message.body or b"{}")
        except (InvalidObjectError, orjson.JSONDecodeError) as error:
            return [_story(message, "watcher", message.subject, f"unreadable event: {error}")]
        if headers.is_copy or headers.type == "moved":
            return []  # the object itself is told of where it lives
        before = self._last.get(str(ref), {})
        self._last[str(ref)] = {} if headers.is_tombstone else body
        told = [f"{headers.type}"] if headers.is_tombstone else _told(ref, before, body)
        return [_story(message, "watcher", _object(ref), meaning) for meaning in told]

    def _decision(self, message: StoredMessage) -> Story:
        parts = message.subject.split(".")
        service = parts[2] if len(parts) > 2 else "?"
        try:
            body = orjson.loads(message.body or b"{}")
        except orjson.JSONDecodeError:
            body = {}
        meaning = text(body, "message") or text(body, "reason") or text(body, "decision")
        if parts[1] == "dlq":
            meaning = f"dead letter: {meaning}"
        return _story(message, service, ".".join(parts[3:]), meaning, body)


def _story(
    message: StoredMessage, service: str, about: str, meaning: str, facts: Mapping[str, object] | None = None
) -> Story:
    return Story(
        at=message.time,
        service=service,
        subject=message.subject,
        about=about,
        meaning=meaning,
        correlation=message.headers.get("ce-correlationid", ""),
        event_id=message.headers.get("ce-id", ""),
        facts=facts or {},
    )


def _object(ref: Ref) -> str:
    return f"{ref.resource.kind} {ref.namespace}/{ref.name}" if ref.namespace else f"{ref.resource.kind} {ref.name}"


def _told(ref: Ref, before: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    teller = _TELLERS.get(ref.resource)
    if teller is not None:
        return teller(before, now)
    return [] if before else ["added"]


def _graph(before: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    told = []
    if not before:
        told.append(f"added, {len(mapping(now, 'spec', 'services'))} services")
    elif _generation(before) != _generation(now):
        told.append(f"edited, generation {_generation(now)}")
    if text(now, "metadata", "deletionTimestamp") and not text(before, "metadata", "deletionTimestamp"):
        told.append("is being deleted")
    state = text(now, "status", "state")
    if state and state != text(before, "status", "state"):
        told.append(state)
    return told


def _component(before: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    told = [] if before else ["added"]
    if before and _generation(before) != _generation(now):
        told.append(f"edited, generation {_generation(now)}")
    return told


def _workload(before: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    wanted, ready = integer(now, "spec", "replicas"), integer(now, "status", "readyReplicas")
    told = [] if before else [f"added, {wanted} wanted"]
    if before and ready != integer(before, "status", "readyReplicas"):
        told.append(f"{ready}/{wanted} {'replicas' if text(now, 'kind') == LEADER_WORKER_SETS.kind else 'pods'} ready")
    return told


def _pod(before: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    told = []
    node = text(now, "spec", "nodeName")
    if node and not text(before, "spec", "nodeName"):
        gpus = sum(gpus_requested(dict(now)).values())
        told.append(f"scheduled on {node}" + (f", {gpus} GPU{'s' if gpus > 1 else ''}" if gpus else ""))
    waiting = _waiting(now)
    if waiting and waiting != _waiting(before):
        told.append(waiting)
    if is_pod_ready(now) and not is_pod_ready(before):
        told.append("ready")
    return told


def _account(before: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    return [] if before else ["account ready"]


def _binding(before: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    return [] if before else [f"binding to {text(now, 'roleRef', 'kind')} {text(now, 'roleRef', 'name')} ready"]


def _slice(before: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    serving, served = _serving(now), _serving(before)
    return [f"{serving} endpoint{'' if serving == 1 else 's'} ready"] if serving != served else []


def is_pod_ready(pod: Mapping[str, object]) -> bool:
    """Return whether a pod has the condition `Ready`."""
    return any(
        text(each, "type") == "Ready" and text(each, "status") == "True" for each in items(pod, "status", "conditions")
    )


def _waiting(pod: Mapping[str, object]) -> str:
    for each in items(pod, "status", "containerStatuses"):
        reason = text(each, "state", "waiting", "reason")
        if reason and reason != "ContainerCreating":
            return f"waits: {reason} {text(each, 'state', 'waiting', 'message')}".rstrip()
    for each in items(pod, "status", "conditions"):
        if text(each, "type") == "PodScheduled" and text(each, "status") == "False":
            return f"not scheduled: {text(each, 'message')}"
    return ""


def _serving(found: Mapping[str, object]) -> int:
    return sum(1 for each in items(found, "endpoints") if member(each, "conditions", "ready") is True)


def _generation(found: Mapping[str, object]) -> int:
    return integer(found, "metadata", "generation")


_TELLERS: Mapping[Resource, Callable[[Mapping[str, object], Mapping[str, object]], list[str]]] = {
    GRAPHS: _graph,
    COMPONENTS: _component,
    DEPLOYMENTS: _workload,
    LEADER_WORKER_SETS: _workload,
    POD_CLIQUES: _workload,
    PODS: _pod,
    ENDPOINT_SLICES: _slice,
    SERVICE_ACCOUNTS: _account,
    ROLE_BINDINGS: _binding,
}
