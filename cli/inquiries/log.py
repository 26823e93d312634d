"""What the streams hold about one graph: its newest event, the markers, the last decisions, its dead letters.

By subject, never by reading a stream: one consumer for each stream asks for the newest message of the few subjects
that concern the graph. The graph's event may be on its way while it is asked for, so it is asked again for a moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import orjson

from cli.explanations.evidence import LastChange, Letter, LogEvidence
from cli.explanations.findings import Step
from cli.letters import letter_of
from cli.messages import about_subject, body_of
from shared.contracts.envelope import decode_change
from shared.contracts.keys import graph_key, partition_of
from shared.contracts.markers import decode_marker
from shared.contracts.streams import CHANGES, DEAD_LETTERS, DECISIONS
from shared.contracts.subjects import ROOT, change_subject, encode_token, parse_synced_subject, synced_subject
from shared.contracts.watched import WATCHED
from shared.core.errors import InvalidObjectError
from shared.core.json import text
from shared.core.resources import COMPONENTS, GRAPHS, Ref, Resource
from shared.ports.bus import EventLog, Newest, StoredMessage, StreamMissingError

STEPS = 8  # last decisions that are shown
ON_ITS_WAY = 0.3  # seconds in which the event of a change that was just read is waited for
PAUSE = 0.05


async def read_log(bus: EventLog, namespace: str, name: str, *, components: Sequence[str], version: int) -> LogEvidence:
    """Read what concerns a graph; `version` is the one that the API server gave it."""
    objects = [Ref(GRAPHS, namespace, name), *(Ref(COMPONENTS, namespace, each) for each in components)]
    for stream in (CHANGES, DECISIONS, DEAD_LETTERS):
        try:
            await bus.state(stream)
        except StreamMissingError:
            return LogEvidence(missing_stream=stream)
    async with asyncio.TaskGroup() as tasks:
        change = tasks.create_task(_change(bus, objects[0], version))
        markers = tasks.create_task(_incomplete(bus))
        decisions = tasks.create_task(newest(bus, DECISIONS, _about("decisions", objects)))
        letters = tasks.create_task(newest(bus, DEAD_LETTERS, _about("dlq", objects)))
    steps = sorted((_step(each) for each in decisions.result()), key=lambda step: step.at)
    return LogEvidence(
        change=change.result(),
        incomplete=markers.result(),
        steps=tuple(steps[-STEPS:]),
        letters=tuple(_letter(each) for each in letters.result()),
    )


async def newest(bus: EventLog, stream: str, subjects: Sequence[str]) -> list[StoredMessage]:
    """Return the newest message of each subject."""
    found: list[StoredMessage] = []
    async with bus.follow(stream, subjects, Newest()) as deliveries:
        left = deliveries.pending_at_open
        stream_of = aiter(deliveries)
        while left > 0:
            delivery = await anext(stream_of)
            found.append(delivery.message)
            left = delivery.pending
    return found


def subjects_about(log: str, resource: Resource, namespace: str, name: str) -> str:
    """Return the filter that matches what any service said about an object."""
    return f"{ROOT}.{log}.*.{resource.plural}.{encode_token(namespace)}.{encode_token(name)}"


def _about(log: str, objects: Iterable[Ref]) -> list[str]:
    return [subjects_about(log, each.resource, each.namespace, each.name) for each in objects]


async def _change(bus: EventLog, graph: Ref, version: int) -> LastChange | None:
    partition = partition_of(graph_key(graph.namespace, graph.name))
    subject = str(change_subject(partition, graph))
    deadline = asyncio.get_running_loop().time() + ON_ITS_WAY
    while True:
        message = await bus.newest(CHANGES, subject)
        found = _last_change(message) if message is not None else None
        is_late = found is None or found.version < version
        if not is_late or asyncio.get_running_loop().time() >= deadline:
            return found
        await asyncio.sleep(PAUSE)


def _last_change(message: StoredMessage) -> LastChange | None:
    try:
        headers, body = decode_change(message.headers), orjson.loads(message.body or b"{}")
    except (InvalidObjectError, orjson.JSONDecodeError):
        return None
    state = text(body, "status", "state")
    return LastChange(
        headers.version, headers.epoch, message.time, headers.generation, state, is_gone=headers.is_tombstone
    )


async def _incomplete(bus: EventLog) -> tuple[str, ...]:
    """Return the resources that have no synced marker of the stream as it is now."""
    state, found = await bus.state(CHANGES), await newest(bus, CHANGES, [f"{ROOT}.synced.>"])
    current = set()
    for message in found:
        resource = parse_synced_subject(message.subject)
        try:
            if resource is not None and decode_marker(message.body).stream_created == state.created:
                current.add(synced_subject(resource))
        except InvalidObjectError:
            continue
    return tuple(each.plural for each in WATCHED if synced_subject(each) not in current)


def _step(message: StoredMessage) -> Step:
    decision = message.headers.get("ce-type", "").removesuffix(".v1").rpartition(".")[2]
    service = message.subject.split(".")[2]
    return Step(message.time, service, about_subject(message.subject), decision, text(body_of(message), "message"))


def _letter(message: StoredMessage) -> Letter:
    found = letter_of(message)
    return Letter(
        number=found.sequence,
        service=found.service,
        kind=found.primary.resource.kind if found.primary is not None else "Object",
        name=found.primary.name if found.primary is not None else found.about,
        reason=found.reason,
        at=found.time,
        correlation=message.headers.get("ce-correlationid", ""),
    )
