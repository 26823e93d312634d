"""The figures of a course as tables, and what a cluster of that size needs by them.

Pure. Invariant: every number is a measured one, or comes from measured ones by the formula that stands beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import ceil

from shared.contracts.streams import stream_specs
from shared.kube.requests import PAGE
from tests.chaos.scale.course import VIEWS, Course
from tests.chaos.scale.log_server import Weight
from tests.chaos.scale.populations import kinds_of

BEGIN, END = "<!-- figures: written by python -m tests.chaos.scale -->", "<!-- end of figures -->"
KIB, MIB = 1024, 1024 * 1024
REPLICAS = 3


def with_figures(page: str, text: str) -> str:
    """Return the page with the figures between its two marks."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}"


def figures(course: Course, machine: str, log: Weight) -> str:
    """Return all tables."""
    return "\n\n".join(
        (
            f"Machine: {machine}. {course.graphs:,} graphs of three components, {_objects(course)}.",
            "### Phases\n\n" + _phases(course),
            "### Sizes\n\n" + _sizes(course, log),
            "### An entry of the reconciler's view\n\n" + _entries(course),
            "### What a cluster of this size needs\n\n" + _needs(course, log),
        )
    )


def _objects(course: Course) -> str:
    count = Counter(kinds_of(course.template))
    listed = ", ".join(f"{number} {kind}" for kind, number in sorted(count.items()))
    return f"each {sum(count.values())} watched objects ({listed}): {sum(count.values()) * course.graphs:,} in all"


def _phases(course: Course) -> str:
    rows: list[tuple[str, ...]] = [
        (
            "phase",
            "CPU, s",
            "longest pause, ms",
            "all pauses, s",
            "reads",
            "writes",
            "events",
            "etcd reads",
            "etcd writes",
        )
    ]
    for name, phase in course.phases.items():
        notes = phase.notes
        counts = (notes.get(each, 0) for each in ("reads", "writes", "events", "etcd get", "etcd commit"))
        times = (f"{phase.cpu:.1f}", f"{phase.pauses.longest * 1000:.0f}", f"{phase.pauses.total:.2f}")
        rows.append((name, *times, *(f"{count:,.0f}" for count in counts)))
    edit = course.phases["kill, take-over and one edit"].notes
    told = (
        f"All views were complete {edit['seconds until all views']:.1f} s after the kill (driven clock: the rest of "
        f"the lease). The edit, made while {4 * course.graphs:,} first passes were queued, was carried by the "
        f"Deployment {edit['edit carried after'] * 1000:.0f} ms of CPU and {edit['passes begun meanwhile']:.0f} "
        "passes later."
    )
    return f"{_table(rows)}\n\n{told}"


def _sizes(course: Course, log: Weight) -> str:
    sizes, graphs = course.sizes, course.graphs
    named = {f"views of {service}": sizes[f"{service} view"] for service in VIEWS}
    named |= {
        "what passes of reconciler remember": sizes["reconciler memory of passes"],
        "queues of reconciler, at rest": sizes["reconciler queues"],
        "tables of watcher": sizes["watcher tables"],
        "change log, one message for each subject, by its messages": sizes["stream bytes"],
        "the same in the files of a NATS server": log.disk,
        "resident memory of that NATS server": log.memory,
        "etcd, keys and values": sizes["etcd bytes"],
    }
    rows = [("what", "in all, MiB", "for each graph, KiB")]
    rows += [(name, f"{size / MIB:.1f}", f"{size / graphs / KIB:.2f}") for name, size in named.items()]
    return _table(rows)


def _entries(course: Course) -> str:
    rows = [("kind", "bytes, with its place in the indexes' values")]
    return _table([*rows, *((kind, f"{size:,.0f}") for kind, size in course.entries.items())])


def _needs(course: Course, log: Weight) -> str:
    sizes, graphs = course.sizes, course.graphs
    per_subject = next(each.per_subject for each in stream_specs() if each.per_subject > 0)
    reconciler = sizes["reconciler view"] + sizes["reconciler memory of passes"] + sizes["reconciler queues"]
    kinds = Counter(kinds_of(course.template))
    pages = sum(ceil(number * graphs / PAGE) for number in kinds.values())
    message = sizes["stream bytes"] / sizes["messages"]
    rest = course.phases["rest of 4 min"].notes
    sweep = course.phases["sweep"]
    rows = [
        ("what", "how much", "by which formula"),
        (
            f"memory of each of {REPLICAS} reconcilers, beside its base",
            f"{reconciler / REPLICAS / MIB:.0f} MiB ({reconciler / MIB:.0f} MiB when one is left)",
            "(views + passes + queues) / replicas",
        ),
        (
            "memory of the watcher, beside its base",
            f"{sizes['watcher tables'] / MIB:.0f} MiB, and while a kind is listed its objects",
            "tables; a list is not kept",
        ),
        (
            "change log on disk, at most",
            f"{sizes['messages'] * per_subject * message / MIB / KIB:.1f} GiB on each server",
            f"{sizes['messages']:,.0f} subjects x {per_subject} messages x {message:,.0f} bytes",
        ),
        ("memory of NATS", f"{log.memory / MIB:.0f} MiB", "measured with one message for each subject"),
        (
            "etcd",
            f"{sizes['etcd keys']:,.0f} keys, {sizes['etcd bytes'] / MIB:.1f} MiB for each revision of all",
            "counted: the reconciler's inventories; rbac and discovery did not run, and keep one key each for a graph",
        ),
        (
            "etcd writes by passes at rest",
            f"{rest.get('etcd commit', 0):.0f}",
            "counted in rest and sweep; checkpoints add at most one a second for each kind that changes",
        ),
        (
            "etcd lease renewals",
            f"{rest.get('etcd keep_alive', 0) / 240:.2f} a second for each process",
            "counted: three in a lease of 10 s, earlier by a jitter; a renewal is no revision",
        ),
        (
            "API server, when the watcher starts without a checkpoint",
            f"{pages:,} pages of lists",
            f"objects of each kind / {PAGE}, rounded up; other objects of these kinds in the cluster add theirs",
        ),
        (
            "API server, when the watcher starts again",
            f"{course.phases['watcher: restart'].notes['lists']:.0f} lists",
            "counted: watches resume from the checkpoints",
        ),
        (
            "API server, when etcd was wiped",
            f"{course.phases['reconciler: start without inventories'].notes['reads'] / graphs:.0f} reads and "
            f"{course.phases['reconciler: start without inventories'].notes['writes'] / graphs:.0f} applies for each "
            "graph, which change nothing",
            "counted: what is not recorded is read and applied once",
        ),
        ("a sweep of everything", f"{sweep.cpu:.0f} s of CPU every 10 min, 0 requests", "counted, one replica"),
    ]
    return _table(rows)


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
