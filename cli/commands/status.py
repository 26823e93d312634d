"""`dynamoctl status`: graphs, their components, and why something is not ready."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from cli.failures import CommandError, Exit
from cli.graphs import HEADINGS, GraphReport, graph_reports
from cli.printing import Form, FormOption, notes, print_data, print_table
from cli.targets import ContextOption, KubeconfigOption, NameOption, Target, find_target
from lab.launcher.stacks import Stack
from shared.core import labels
from shared.core.resources import COMPONENTS, GRAPHS, PODS
from shared.ports.cluster import Selection

HELP = """Show graphs, their components, and why something is not ready. Ends with 1 when a graph is not ready.

Example: dynamoctl status -n demo chat
"""

CLUSTERS = ("nats", "etcd")


def status(
    graph: Annotated[str, typer.Argument(help="One graph; all where none is named.")] = "",
    namespace: Annotated[str, typer.Option("-n", "--namespace", help="Only this namespace.")] = "",
    output: FormOption = Form.TABLE,
    name: NameOption = "",
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = "",
) -> int:
    """Print reports of graphs."""
    target = find_target(name, kubeconfig=kubeconfig, context=context)
    if target.stack is not None:
        for process in target.stack.dead:
            notes().print(f"{process.name} has ended: see {process.log}", markup=False)
        for line in member_lines(target.stack):
            notes().print(line)
    reports = [each for each in asyncio.run(read_reports(target, namespace)) if not graph or each.name == graph]
    if graph and not reports:
        raise CommandError(f"no graph {graph!r}" + (f" in namespace {namespace}" if namespace else ""), _NOTHING)
    if output is not Form.TABLE:
        print_data([asdict(each) for each in reports], output)
    elif reports:
        print_reports(reports)
    else:
        notes().print("no graphs")
    return Exit.DONE if all(each.is_ready for each in reports) else Exit.FAILED


async def read_reports(target: Target, namespace: str = "") -> list[GraphReport]:
    """Read graphs, components and pods, and return the reports."""
    async with target.cluster() as cluster, asyncio.TaskGroup() as tasks:
        own = Selection(namespace=namespace, label_selector=labels.GRAPH_NAME)
        graphs = tasks.create_task(cluster.list(GRAPHS, Selection(namespace=namespace)))
        components = tasks.create_task(cluster.list(COMPONENTS, own))
        pods = tasks.create_task(cluster.list(PODS, own))
        await asyncio.wait([graphs, components, pods])
    return graph_reports(graphs.result().items, components.result().items, pods.result().items)


def member_lines(stack: Stack) -> list[str]:
    """Return how many members of each cluster run; nothing about servers that stand alone."""
    lines = []
    for store in CLUSTERS:
        members = [process for process in stack.processes if process.name.startswith(f"{store}-")]
        if members:
            running = sum(member.is_running for member in members)
            lines.append(f"{store}: {running} of {len(members)} members run")
    return lines


def print_reports(reports: list[GraphReport]) -> None:
    """Print each graph with a table of its components."""
    for number, report in enumerate(reports):
        if number:
            print()
        print(f"{report.namespace}/{report.name}: {report.state}")
        print_table(HEADINGS, [row.cells for row in report.components])
        told = [f"{row.name}: {row.reason}" for row in report.components if row.reason]
        for line in told or [report.reason] * bool(report.reason):
            print(f"  {line}")


_NOTHING = Exit.NOTHING_FOUND
