"""Merging what several sources tell of one graph into one time line.

A moment is when it was decided or seen (`ce-time`), not when the log stored it: decisions wait in a queue while NATS is
away. Invariants: every moment says who (the service, with replica and fencing token where they are known), what and
why; nothing of another graph is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import orjson

from cli.explanations.moments import first_seen, last_seen, moment
from cli.letters import letter_of
from cli.messages import about_subject, body_of
from cli.stories import Storyteller
from shared.contracts.envelope import decode_change
from shared.contracts.subjects import encode_token, parse_change_subject
from shared.core import labels
from shared.core.errors import InvalidObjectError
from shared.core.json import Manifest, integer, text
from shared.core.objects import labels_of
from shared.core.resources import GRAPHS, Ref
from shared.ports.bus import StoredMessage


class Source(StrEnum):
    """What a moment was read from."""

    CHANGE = "change"
    DECISION = "decision"
    EVENT = "event"
    LETTER = "dead letter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One thing that happened."""

    at: datetime
    source: Source
    who: str
    about: str
    what: str
    why: str = ""
    member: str = ""  # the replica that decided
    fence: str = ""  # under which claim
    correlation: str = ""  # of which edit

    def record(self) -> dict[str, str]:
        """Return the moment as programs read it."""
        return {
            "time": self.at.isoformat(),
            "source": self.source.value,
            "who": self.who,
            "member": self.member,
            "fence": self.fence,
            "object": self.about,
            "what": self.what,
            "why": self.why,
            "correlation": self.correlation,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was read about one graph, each source in its own order."""

    namespace: str
    graph: str
    changes: Sequence[StoredMessage] = ()
    decisions: Sequence[StoredMessage] = ()
    letters: Sequence[StoredMessage] = ()
    events: Sequence[Manifest] = ()
    gaps: Mapping[str, str] = field(default_factory=dict)  # what could not be read, and why


def timeline(found: Findings, *, since: datetime | None = None) -> list[Moment]:
    """Return what happened, the oldest first."""
    edits = _edits(found)
    moments = [
        *_of_changes(found),
        *(_of_decision(each) for each in found.decisions if _is_own(each, edits)),
        *(_of_letter(each) for each in found.letters if _is_own(each, edits)),
        *_of_events(found.events),
    ]
    return sorted((each for each in moments if since is None or each.at >= since), key=lambda each: each.at)


def _of_changes(found: Findings) -> Iterator[Moment]:
    """Yield what changed: the difference of each state of an object to the one before it."""
    teller, own = Storyteller(), set[Ref]()
    for message in sorted(found.changes, key=lambda each: each.sequence):
        ref = _changed(message, found, own)
        if ref is None:
            continue
        for story in teller.stories(message):
            yield Moment(
                at=_said_at(message),
                source=Source.CHANGE,
                who="cluster",
                about=_about(ref),
                what=story.meaning,
                correlation=story.correlation,
            )


def _changed(message: StoredMessage, found: Findings, own: set[Ref]) -> Ref | None:
    """Return which object of the graph a message is about; None for those of others."""
    try:
        ref, headers = parse_change_subject(message.subject).ref, decode_change(message.headers)
        body = orjson.loads(message.body or b"{}")
    except (InvalidObjectError, orjson.JSONDecodeError):
        return None
    is_graph = ref == Ref(GRAPHS, found.namespace, found.graph)
    if is_graph or labels_of(body).get(labels.GRAPH_NAME) == found.graph:
        own.add(ref)
    return ref if ref in own and not headers.is_copy else None


def _of_decision(message: StoredMessage) -> Moment:
    return Moment(
        at=_said_at(message),
        source=Source.DECISION,
        who=message.subject.split(".")[2],
        about=about_subject(message.subject),
        what=message.headers.get("ce-type", "").removesuffix(".v1").rpartition(".")[2],
        why=text(body_of(message), "message"),
        member=message.headers.get("ce-member", ""),
        fence=message.headers.get("ce-fence", ""),
        correlation=message.headers.get("ce-correlationid", ""),
    )


def _of_letter(message: StoredMessage) -> Moment:
    letter = letter_of(message)
    return Moment(
        at=_said_at(message),
        source=Source.LETTER,
        who=letter.service,
        about=about_subject(message.subject),
        what=f"given up, dead letter {letter.sequence}",
        why=letter.reason,
        member=message.headers.get("ce-member", ""),
        fence=message.headers.get("ce-fence", ""),
        correlation=message.headers.get("ce-correlationid", ""),
    )


def _of_events(events: Iterable[Manifest]) -> Iterator[Moment]:
    """Yield Kubernetes Events when they were first seen, and again when last if they came more than once."""
    for event in events:
        first, last, count = first_seen(event), last_seen(event), integer(event, "count")
        for at, times in ((first, ""), (last, f" ({count} times)")):
            if at is None or (times and (count < _TWICE or at == first)):
                continue
            yield Moment(
                at=at,
                source=Source.EVENT,
                who=text(event, "source", "component") or text(event, "reportingComponent") or "cluster",
                about=f"{text(event, 'involvedObject', 'kind')} {text(event, 'involvedObject', 'name')}",
                what=f"{text(event, 'reason')}{times}",
                why=text(event, "message"),
            )


def _edits(found: Findings) -> frozenset[str]:
    """Return the edits of the graph, by the ids that everything which follows from them carries."""
    ending = f".{GRAPHS.plural}.{encode_token(found.namespace)}.{encode_token(found.graph)}"
    own = (each for each in (*found.changes, *found.decisions) if each.subject.endswith(ending))
    return frozenset(id_ for each in own if (id_ := each.headers.get("ce-correlationid", "")))


def _is_own(message: StoredMessage, edits: frozenset[str]) -> bool:
    """Return whether a decision is about the graph; about what graphs share, only what one of its edits led to."""
    is_shared = message.subject.split(".")[3] == _SHARED
    return not is_shared or message.headers.get("ce-correlationid", "") in edits


def _about(ref: Ref) -> str:
    return f"{ref.resource.kind} {ref.name}"


def _said_at(message: StoredMessage) -> datetime:
    return moment({"at": message.headers.get("ce-time", "")}, "at") or message.time


_TWICE = 2
_SHARED = "serviceaccounts"  # the accounts that all graphs of a namespace share
