"""`dynamoctl demo`: a graph from apply to `successful`, with every event on the way."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.live import Live

from cli.board import Board
from cli.commands.up import bring_up, stack_options
from cli.failures import CommandError, Exit
from cli.files import documents, example
from cli.graphs import HEADINGS
from cli.lab import RequestCounts, request_counts
from cli.printing import console, notes, print_table
from cli.stories import Story, Storyteller
from cli.targets import Target, find_target
from lab.launcher.bringup import take_down
from lab.launcher.stacks import Stack, read_stack, starting
from shared.contracts.streams import CHANGES, DECISIONS
from shared.core.json import Manifest
from shared.core.resources import DEPLOYMENTS
from shared.ports.bus import EventLog, LiveOnly, StoredMessage

HELP = """Start a stack, apply an example graph, and show each step until it is ready.

Example: dynamoctl demo --keep
"""

STACK = "demo"
NAMESPACE = "demo"
MANAGER = "dynamoctl"
TIME_LIMIT = 120.0  # seconds from apply to `successful`
SETTLE_TIME = 0.3  # seconds in which what follows `successful` still arrives, such as its own decision event


@dataclass(slots=True)
class _Course:
    """What happened since the graph was applied."""

    board: Board
    applied_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    children_after: float | None = None
    ready_after: float | None = None
    events: Counter[str] = field(default_factory=Counter)
    correlations: Counter[str] = field(default_factory=Counter)

    def take(self, message: StoredMessage) -> None:
        """Count a message and note the moments that the summary names."""
        self.events[CHANGES if message.subject.startswith("dynamo.changes.") else DECISIONS] += 1
        self.board.take(message)
        after = self.since(message.time)
        if self.children_after is None and self.board.has_all_children(DEPLOYMENTS):
            self.children_after = after
        if self.ready_after is None and self.board.is_ready:
            self.ready_after = after

    def since(self, moment: datetime) -> float:
        """Return the seconds since the graph was applied."""
        return (moment - self.applied_at).total_seconds()


def demo(
    keep: Annotated[bool, typer.Option("--keep", envvar="KEEP", help="Leave the stack running.")] = False,
    graph_file: Annotated[str, typer.Option("--example", help="Which example to apply.")] = "disaggregated-planner",
) -> int:
    """Run the demo; exit code 1 with the blocking object if the graph is not ready in time."""
    graph = documents(example(graph_file))[0]
    with starting(STACK):
        former = read_stack(STACK)
        if former is not None and former.is_running:
            raise CommandError(f"stack {STACK} is running already: stop it with dynamoctl down --name {STACK}")
        stack = bring_up(stack_options(STACK, [], [], 0, []), _note, outlives=keep)
    try:
        return _run(stack, graph, keep=keep)
    finally:
        if not keep:
            take_down(stack, lambda *_: None)
            notes().print("everything is stopped", markup=False)


def _note(part: str, what: str) -> None:
    notes().print(f"{part.ljust(12)} {what}", markup=False)


def _run(stack: Stack, graph: Manifest, *, keep: bool) -> int:
    target = find_target(STACK)
    before = request_counts(stack)
    course = asyncio.run(_tell(target, graph))
    if course.ready_after is None:
        _print_failure(stack, course)
        return Exit.FAILED
    _print_summary(stack, course, request_counts(stack) - before, keep=keep)
    return Exit.DONE


async def _tell(target: Target, graph: Manifest) -> _Course:
    """Apply the graph and show what happens until it is ready, or until the time is up."""
    metadata = {**graph["metadata"], "namespace": NAMESPACE}
    course = _Course(Board(NAMESPACE, metadata["name"]))
    async with target.bus() as bus, target.cluster() as cluster, _messages(bus) as messages:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        await cluster.apply(namespace, manager=MANAGER)
        course.applied_at = datetime.now(UTC)
        await cluster.apply({**graph, "metadata": metadata}, manager=MANAGER)
        live = Live(course.board.table(), console=console(), auto_refresh=False, transient=True)
        with live, suppress(TimeoutError):
            await _follow(messages, course, live)
    return course


async def _follow(messages: asyncio.Queue[StoredMessage], course: _Course, live: Live) -> None:
    """Tell each message; raise TimeoutError when the time is up, or a moment after the graph is ready."""
    teller, loop = Storyteller(), asyncio.get_running_loop()
    async with asyncio.timeout(TIME_LIMIT) as limit:
        while True:
            message = await messages.get()
            was_ready = course.ready_after is not None
            course.take(message)
            for story in teller.stories(message):
                _show(live, story, course)
            if sys.stdout.isatty():
                live.update(course.board.table(), refresh=True)
            if course.ready_after is not None and not was_ready:
                limit.reschedule(loop.time() + SETTLE_TIME)


@asynccontextmanager
async def _messages(bus: EventLog) -> AsyncIterator[asyncio.Queue[StoredMessage]]:
    """Read both streams into one queue while the block runs."""
    queue: asyncio.Queue[StoredMessage] = asyncio.Queue()

    async def read(stream: str, subjects: list[str], opened: asyncio.Event) -> None:
        async with bus.follow(stream, subjects, LiveOnly()) as deliveries:
            opened.set()
            async for delivery in deliveries:
                queue.put_nowait(delivery.message)

    filters = {CHANGES: [f"dynamo.changes.*.*.{NAMESPACE}.>"], DECISIONS: [f"dynamo.decisions.*.*.{NAMESPACE}.>"]}
    async with asyncio.TaskGroup() as tasks:
        opened = [asyncio.Event() for _ in filters]
        readers = [
            tasks.create_task(read(stream, subjects, event))
            for (stream, subjects), event in zip(filters.items(), opened, strict=True)
        ]
        for event in opened:
            await event.wait()
        yield queue
        for reader in readers:
            reader.cancel()


def _show(live: Live, story: Story, course: _Course) -> None:
    if story.correlation:
        course.correlations[story.correlation] += 1
    seconds = round(course.since(story.at), 2) + 0.0  # which makes no time before of a rounded nothing
    line = f"{seconds:+.2f} s  {story.service:<10}  {story.subject}  {story.meaning}"
    if sys.stdout.isatty():
        live.console.print(line, markup=False, highlight=False)
    else:
        print(line, flush=True)


def _print_summary(stack: Stack, course: _Course, requests: RequestCounts, *, keep: bool) -> None:
    print()
    print_table(HEADINGS, [row.cells for row in course.board.rows()])
    print()
    children = f"{course.children_after:.2f} s" if course.children_after is not None else "not seen"
    print(f"all children after {children}, successful after {course.ready_after:.2f} s")
    print("events: " + ", ".join(f"{stream} {count}" for stream, count in sorted(course.events.items())))
    print("correlation id: " + ", ".join(course.correlations))
    print(f"API requests: {requests.text()}")
    print(f"logs: {stack.logs_folder}")
    print()
    print("to go on:" if keep else "to go on, after KEEP=1 make demo:")
    dynamoctl = sys.argv[0] if sys.argv[0].endswith("dynamoctl") else f"{sys.executable} -m cli"
    kubectl = dynamoctl.replace("dynamoctl", "kubectl") if dynamoctl.endswith("dynamoctl") else "kubectl"
    print(f"  KUBECONFIG={stack.kubeconfig} {kubectl} get dgd,dcd,deployments,pods -n {NAMESPACE}")
    print(f"  {dynamoctl} tail --name {STACK} -n {NAMESPACE} --since-start")
    print(f"  {dynamoctl} status --name {STACK}")
    if keep:
        print(f"stop it with: {dynamoctl} down --name {STACK}")


def _print_failure(stack: Stack, course: _Course) -> None:
    notes().print(f"not successful after {TIME_LIMIT:.0f} s: {course.board.reason}", markup=False)
    for process in stack.dead:
        notes().print(f"{process.name} has ended", markup=False)
    suspect = next(iter(stack.dead), None) or stack.process("reconciler")
    if suspect is not None:
        notes().print(f"the end of {suspect.log}:\n{suspect.log_tail()}", markup=False)
