"""`dynamoctl doctor`: what is wrong with the platform, and what to do about it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from cli.failures import Exit
from cli.findings.finding import Finding, Topic
from cli.printing import Form, FormOption, print_data, print_table
from cli.targets import (
    ContextOption,
    EtcdOption,
    InstallOption,
    KubeconfigOption,
    NameOption,
    NatsOption,
    find_target,
)

HELP = """Look at every part of the platform and say what is wrong, each finding with what to do about it.

Ends with 0 when nothing is stopped (there may be warnings), 1 when something is, 3 when no stack runs, 4 when no server
can be reached.

Example: dynamoctl doctor
"""

OnlyOption = Annotated[list[Topic] | None, typer.Option("--only", help="Only this topic; may be given several times.")]


def doctor(
    only: OnlyOption = None,
    output: FormOption = Form.TABLE,
    name: NameOption = "",
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = "",
    nats: NatsOption = "",
    etcd: EtcdOption = "",
    install: InstallOption = "",
) -> int:
    """Print the findings and the verdict."""
    # Here, not above: other commands need not wait for what these import.
    from cli.examinations.gathering import gather
    from cli.findings.verdicts import findings, has_errors, is_out_of_reach, verdict

    target = find_target(name, kubeconfig=kubeconfig, context=context, nats=nats, etcd=etcd, install=install)
    evidence = asyncio.run(gather(target))
    found = findings(evidence, only or ())
    if output is Form.TABLE:
        _print(found, verdict(found))
    else:
        print_data({"verdict": verdict(found), "findings": [each.record() for each in found]}, output)
    if is_out_of_reach(evidence):
        return Exit.UNREACHABLE
    return Exit.FAILED if has_errors(found) else Exit.DONE


def _print(found: list[Finding], last_line: str) -> None:
    rows = [[each.topic, each.severity, each.subject, _told(each)] for each in found]
    print_table(["TOPIC", "", "WHAT", "SEEN"], rows)
    print()
    print(last_line)


def _told(finding: Finding) -> str:
    return f"{finding.seen} -> {finding.todo}" if finding.todo else finding.seen
