"""What a drill found out, in a form that a page can be made of.

A drill stops something, watches, and records one `Drill`: seconds by the observer's own clock, beside the bar that they
are held to. Separate from the tests, because `docs/drills.md` is written from the records of a whole run. Invariant: a
record names a row of `ROWS`, so that the page can list the rows that nobody drilled, and is written as it was measured,
whether or not it holds its bars.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

VARIABLE = "DYNAMO_DRILL_RECORDS"  # names the file that records are added to
FAILURE_MODEL = "design.md section 9"
PERTURBATIONS = "perturbations.md"
OURS = "beyond both"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the failure model, of the perturbations, or of what else is drilled."""

    id: str
    what: str  # is stopped or perturbed
    must_hold: str
    source: str = PERTURBATIONS


ROWS = (
    Row("watcher", "the watcher", "edits wait; resumed from the checkpoint within 10 s", FAILURE_MODEL),
    Row("one reconciler", "one reconciler of three", "the others take over within TTL + 2 s", FAILURE_MODEL),
    Row("all reconcilers", "all reconcilers", "edits wait; done on start", FAILURE_MODEL),
    Row("rbac", "rbac", "pods wait for their account, a condition says so; the queue drains", FAILURE_MODEL),
    Row("discovery", "discovery", "capacity is marked stale; refreshed afterwards", FAILURE_MODEL),
    Row("one webhook", "one webhook of two", "edits are served", FAILURE_MODEL),
    Row(
        "all webhooks",
        "all webhooks",
        "the failure policy refuses, the schema's rules hold; back at once",
        FAILURE_MODEL,
    ),
    Row("asleep", "the whole machine, asleep", "claims are taken again within TTL + 2 s", FAILURE_MODEL),
    Row("restored", "a cluster restored from a backup", "a new epoch, no child deleted", FAILURE_MODEL),
    Row("lab restarted", "the lab, restarted empty beside an old log", "a new epoch, no child deleted", FAILURE_MODEL),
    Row("nats killed", "NATS, killed", "nothing lost, within 30 s", FAILURE_MODEL),
    Row("nats away", "NATS, away", "edits are accepted, applied within 30 s of its return", FAILURE_MODEL),
    Row("nats wiped", "NATS, with its disk", "nothing lost, within 30 s", FAILURE_MODEL),
    Row("etcd killed", "etcd, killed", "claims return", FAILURE_MODEL),
    Row("etcd away", "etcd, away longer than the claims live", "passes stop, claims return", FAILURE_MODEL),
    Row("etcd wiped", "etcd, with its disk", "claims return, nothing is doubled", FAILURE_MODEL),
    Row("both wiped", "NATS and etcd, with their disks", "everything is rebuilt from the cluster", FAILURE_MODEL),
    Row("api server", "the API server", "back-off with jitter, no storm", FAILURE_MODEL),
    Row("nats cluster", "one of three NATS servers", "no acknowledged message lost", OURS),
    Row("etcd cluster", "one of three etcd members", "never two holders", OURS),
    Row("majority", "the majority of a cluster of servers", "nothing lost after its return", OURS),
    Row("slow disk", "a disk that answers slowly", "nothing lost", OURS),
    Row("full disk", "a disk that is full", "clear words; goes on without a restart", OURS),
    Row("clock", "a clock that jumps", "nothing happens", OURS),
    Row("hand-overs", "owners, at random", "no two holders overlap", OURS),
    Row("bad input", "damaged events, records, objects and commands", "read, refused or rebuilt; no crash", OURS),
    Row("P-01", "delete after three versions, then a new owner after 25 h", "absent in the view"),
    Row("P-02", "relist deletion, label move and wrong newest within 120 s", "each is stored"),
    Row("P-03", "lost acknowledgements while newer versions pass", "the newest per subject never falls"),
    Row("P-04", "two watchers, one paused at a random publish", "the newest per subject never falls"),
    Row("P-05", "NATS wiped under 300 serving graphs", "0 writes to children, no status flip"),
    Row("P-06", "adapter, finalizer, status and child writes in random order", "replicas and finalizer both stay"),
    Row("P-07", "the graph deleted between any two requests of a pass", "it never exists again"),
    Row("P-08", "one of two graphs that share a model removed", "the Service keeps the live owners"),
    Row("P-09", "each joined object changed alone", "the decision follows in < 2 s"),
    Row("P-10", "each child deleted and edited once", "repaired in < 2 s"),
    Row("P-11", "a NATS follower paused around a claim", "view = API server 1 s later"),
    Row("P-12", "kill -9 after each request and each etcd write of a pass", "no orphan, no double"),
    Row("P-13", "canaries in arguments and configuration", "absent from log, etcd, metrics, conditions"),
    Row("P-14", "all writes of many graphs refused for a while", "a user's edit done < 1 s after return"),
    Row("P-15", "rolling restart of three reconcilers, 10 edits/s", "worst edit < 1 s"),
    Row("P-16", "watch events delayed by 0 to 2 s", "no child written twice for one cause"),
    Row("P-17", "resting graphs taken over", "0 requests"),
    Row("P-18", "deleted and made again under one name", "ready only with own children"),
    Row("P-19", "lists from a lagging cache, 410 while paging", "no tombstone of a living object"),
    Row("P-20", "the lab restarted empty, a cluster restored to half its version", "converges, no child deleted"),
    Row("P-21", "etcd wiped and refilled below and above its revision", "watch alive in 5 s, claims new"),
    Row("P-22", "owners paused for 1 to 30 s, edits meanwhile", "newest edit wins, no stale status > 1 s"),
    Row("P-23", "the tenth failure, then its cause goes away silently", "repaired by the sweep"),
    Row("P-24", "10,000 graphs: start, rest, kill", "memory, pauses and view time in bounds"),
    Row("P-25", "objects of the reference operator taken over", "fields equal the golden, deletion ends"),
    Row("P-26", "events dropped, doubled, delayed, reordered", "same final objects"),
    Row("P-27", "NATS killed while graphs roll out; away longer than every time-out", "view live 1 s after reconnect"),
)
_KNOWN = frozenset(row.id for row in ROWS)


@dataclass(frozen=True, slots=True)
class Measure:
    """One measured time: `what` says from when to when, in a few words. Without a bar it is only told."""

    what: str
    took: timedelta
    bar: timedelta | None = None
    source: str = ""  # of the bar, such as "design.md section 9" or "P-21"

    @property
    def is_missed(self) -> bool:
        """Say whether it took longer than its bar allows."""
        return self.bar is not None and self.took > self.bar


@dataclass(frozen=True, slots=True)
class Drill:
    """What one drill found out; several of one row are shown together when they stopped the same for as long.

    `serving` says what graphs felt that served before (counts, not adjectives); `edits` are the times of new graphs and
    edits, `whole` those until everything was as before. A drill on fakes may have no times: its worth is its seeds.
    """

    row: str
    stopped: str  # what exactly, and how: "NATS, kill -9"
    serving: str = ""
    outage: timedelta = timedelta()  # none: killed and started again at once
    edits: tuple[Measure, ...] = ()
    whole: tuple[Measure, ...] = ()
    held: str = ""  # what else was counted: "212 hand-overs, 0 overlaps"
    runs: int = 1  # or seeds
    on: str = "processes"  # or "fakes"

    def __post_init__(self) -> None:
        """Refuse a row that the page does not know."""
        if self.row not in _KNOWN:
            raise ValueError(f"no row {self.row!r}: add it to ROWS")

    @property
    def missed(self) -> tuple[str, ...]:
        """Return the measures that hold their bar not, as sentences for an assertion."""
        return tuple(
            f"{each.what}: {each.took.total_seconds():.2f} s, at most {each.bar.total_seconds():g} s ({each.source})"
            for each in (*self.edits, *self.whole)
            if each.bar is not None and each.is_missed
        )


def record(drill: Drill) -> Drill:
    """Add a drill to the file that the environment names, if it names one; the drill is returned for assertions."""
    file = os.environ.get(VARIABLE)
    if file:
        line = json.dumps(asdict(drill), default=timedelta.total_seconds) + "\n"
        with Path(file).open("a", encoding="utf-8") as records:  # one write, so that processes do not mix their lines
            records.write(line)
    return drill


def read_records(file: Path) -> list[Drill]:
    """Return the drills of a file in the order in which they were recorded."""
    return [_drill(json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def _drill(fields: dict[str, Any]) -> Drill:
    edits, whole = (tuple(_measure(each) for each in fields.pop(name)) for name in ("edits", "whole"))
    outage = timedelta(seconds=fields.pop("outage"))
    return Drill(**fields, outage=outage, edits=edits, whole=whole)


def _measure(fields: dict[str, Any]) -> Measure:
    took, bar = fields.pop("took"), fields.pop("bar")
    return Measure(
        **fields,
        took=timedelta(seconds=took),
        bar=None if bar is None else timedelta(seconds=bar),
    )
