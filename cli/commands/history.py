"""`dynamoctl history`: who decided what about a graph, in one time line."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.text import Text

from cli.failures import CommandError, Exit
from cli.histories.timelines import Moment, Source, timeline
from cli.inquiries.history import gather
from cli.printing import Form, FormOption, console, notes, print_data
from cli.targets import ContextOption, InstallOption, KubeconfigOption, NameOption, NatsOption, find_target
from shared.runtime.settings import duration

HELP = """Tell what happened to a graph: changes, decisions, Kubernetes Events and dead letters, merged by time.

`dynamoctl tail --graph` goes on from there.

Example: dynamoctl history -n demo chat --since 1h
"""

_STYLES = {Source.CHANGE: "dim", Source.DECISION: "", Source.EVENT: "cyan", Source.LETTER: "bold red"}


def history(  # one parameter for each option
    graph: Annotated[str, typer.Argument(help="The graph.")],
    namespace: Annotated[str, typer.Option("-n", "--namespace", help="Its namespace.")] = "default",
    since: Annotated[str, typer.Option("--since", help="Only what is younger, such as 90s, 10m or 1h30m.")] = "",
    output: FormOption = Form.TABLE,
    name: NameOption = "",
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = "",
    nats: NatsOption = "",
    install: InstallOption = "",
) -> int:
    """Print the time line."""
    begin = datetime.now(UTC) - _age(since) if since else None
    target = find_target(name, kubeconfig=kubeconfig, context=context, nats=nats, install=install)
    found = asyncio.run(gather(target, namespace, graph))
    moments = timeline(found, since=begin)
    for source, reason in found.gaps.items():
        notes().print(f"not read: {source}: {reason}", markup=False)
    if output is not Form.TABLE:
        print_data([each.record() for each in moments], output)
    elif not moments:
        notes().print(f"nothing is known of graph {namespace}/{graph}", markup=False)
    for each in moments if output is Form.TABLE else ():
        _print(each)
    if not moments:
        return Exit.UNREACHABLE if found.gaps else Exit.NOTHING_FOUND
    return Exit.DONE


def _age(text: str) -> timedelta:
    try:
        return duration(text)
    except ValueError as error:
        raise CommandError(f"--since {error}", Exit.USAGE) from error


def _print(moment: Moment) -> None:
    line = Text().append(f"{moment.at.astimezone().strftime('%m-%d %H:%M:%S.%f')[:-3]}  ", style="dim")
    line.append(f"{_who(moment):<12}  ", style="bold" if moment.source is Source.DECISION else "")
    line.append(f"{moment.about}: ", style="cyan")
    line.append(moment.what, style=_STYLES[moment.source])
    if moment.why and moment.why != moment.what:
        line.append(f": {moment.why}")
    console().print(line)


def _who(moment: Moment) -> str:
    """Return who it was; the replica and its claim's token where they are known."""
    member = f" {moment.member}" if moment.member and moment.member != moment.who else ""
    return f"{moment.who}{member}{f'#{moment.fence}' if moment.fence else ''}"
