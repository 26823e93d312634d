"""`dynamoctl explain`: why a graph is not ready, and what would unblock it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.padding import Padding
from rich.text import Text

from cli.explanations.explaining import explain as explained
from cli.explanations.findings import Explanation, Finding, Step, Verdict
from cli.explanations.moments import ago
from cli.failures import Exit
from cli.inquiries.graphs import gather
from cli.printing import Form, FormOption, console, print_data
from cli.targets import (
    ContextOption,
    EtcdOption,
    InstallOption,
    KubeconfigOption,
    NameOption,
    NatsOption,
    find_target,
)

HELP = """Say why a graph is not ready: what blocks it, since when, and what would unblock it.

Ends with 0 when the graph is ready, 1 when it is not, 3 when it does not exist, 4 when it could not be found out.

Example: dynamoctl explain -n demo chat
"""

STEP_LIMIT = 160  # characters of a decision's message; `history` has them whole
EXITS = {
    Verdict.READY: Exit.DONE,
    Verdict.STARTING: Exit.FAILED,
    Verdict.BLOCKED: Exit.FAILED,
    Verdict.MISSING: Exit.NOTHING_FOUND,
    Verdict.UNKNOWN: Exit.UNREACHABLE,
}
_STYLES = {
    Verdict.READY: "bold green",
    Verdict.STARTING: "bold yellow",
    Verdict.BLOCKED: "bold red",
    Verdict.MISSING: "bold red",
    Verdict.UNKNOWN: "bold red",
}


def explain(  # one parameter for each option
    graph: Annotated[str, typer.Argument(help="The graph.")],
    namespace: Annotated[str, typer.Option("-n", "--namespace", help="Its namespace.")] = "default",
    output: FormOption = Form.TABLE,
    name: NameOption = "",
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = "",
    nats: NatsOption = "",
    etcd: EtcdOption = "",
    install: InstallOption = "",
) -> int:
    """Print the explanation and return the exit code of its verdict."""
    target = find_target(name, kubeconfig=kubeconfig, context=context, nats=nats, etcd=etcd, install=install)
    evidence = asyncio.run(gather(target, namespace, graph))
    now = datetime.now(UTC)
    explanation = explained(evidence, now)
    if output is Form.TABLE:
        show(explanation, now)
    else:
        print_data(explanation.record(), output)
    return EXITS[explanation.verdict]


def show(explanation: Explanation, now: datetime) -> None:
    """Print an explanation for people: the cause first, and nothing that is empty."""
    _headline(explanation, now)
    if explanation.cause is not None:
        _finding(explanation.cause, now)
    _findings("also in the way", explanation.also, now)
    _findings("not in the way of this graph now", explanation.notes, now)
    _section("graphs with a similar name", explanation.similar)
    width = max((len(each.name) for each in explanation.services), default=0)
    _section("pods ready", [f"{row.name.ljust(width)}  {row.ready}/{row.wanted}" for row in explanation.services])
    _section("last decisions", [_step(each) for each in explanation.steps])
    _section("not read", [f"{source}: {reason}" for source, reason in explanation.unread.items()])


def _headline(explanation: Explanation, now: datetime) -> None:
    verdict = explanation.verdict
    words = {
        Verdict.READY: "ready",
        Verdict.STARTING: "starting",
        Verdict.BLOCKED: "blocked",
        Verdict.MISSING: "does not exist",
        Verdict.UNKNOWN: "could not be found out",
    }[verdict]
    since = f" since {_since(explanation.since, now)}" if explanation.since else ""
    line = Text().append(f"{explanation.namespace}/{explanation.name}: ", style="bold")
    line.append(words, style=_STYLES[verdict])
    line.append(since)
    if explanation.state and explanation.observed_generation != explanation.generation:
        line.append(f" (state {explanation.state} is of generation {explanation.observed_generation})")
    _show(line)


def _findings(heading: str, findings: Sequence[Finding], now: datetime) -> None:
    if findings:
        _heading(heading)
    for each in findings:
        _finding(each, now)


def _finding(finding: Finding, now: datetime) -> None:
    head = Text().append(finding.code, style="bold")
    head.append(f"  {finding.thing}", style="cyan")
    if finding.further:
        head.append(f" and {finding.further} more")
    since = f", since {_since(finding.since, now)}" if finding.since else ""
    head.append(f"  [{int(finding.tier)}: {finding.tier.title}; {finding.certainty}{since}]", style="dim")
    _show(head, indent=2)
    _show(Text(finding.evidence), indent=4)
    _show(Text(f"To go on: {finding.remedy}."), indent=4)
    if finding.command:
        _show(Text(finding.command, style="green"), indent=6)


def _step(step: Step) -> str:
    message = step.message or step.decision
    shortened = message if len(message) <= STEP_LIMIT else f"{message[:STEP_LIMIT]}..."
    return f"{_clock(step.at)}  {step.service}  {step.about}: {shortened}"


def _section(heading: str, lines: Sequence[str]) -> None:
    if lines:
        _heading(heading)
    for line in lines:
        _show(Text(line), indent=2)


def _heading(text: str) -> None:
    print()
    _show(Text(text, style="bold"))


def _show(line: Text, *, indent: int = 0) -> None:
    """Print a line; what does not fit on a terminal goes on below its beginning, and a pipe gets it as it is."""
    console().print(
        Padding(line, (0, 0, 0, indent), expand=False) if sys.stdout.isatty() else Text(" " * indent).append_text(line)
    )


def _since(moment: datetime, now: datetime) -> str:
    return f"{_clock(moment)} ({ago(moment, now)})"


def _clock(moment: datetime) -> str:
    return moment.astimezone().strftime("%H:%M:%S")
