"""`dynamoctl up`: a whole platform on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Annotated

import typer

from cli.commands.provision import provision_cluster
from cli.failures import CommandError, Exit
from cli.files import capability_crds, crd_files
from cli.printing import notes
from cli.targets import DEFAULT_STACK, find_target
from lab.launcher.bringup import SERVICES, Bringup, StackOptions, is_ready, take_down
from lab.launcher.processes import free_port
from lab.launcher.stacks import Stack, read_stack, starting
from shared.api.platform import Capability

HELP = """Start the platform on this machine: NATS, etcd, a Kubernetes API, a workload simulator and the five services.

Example: dynamoctl up --name lab --offer grove,kai --set platform.ingress.className=nginx
"""

MEMBERS = (1, 3)

Progress = Callable[[str, str], None]


def up(
    name: Annotated[str, typer.Option("--name", help="Name of the stack; stacks do not touch each other.")] = (
        DEFAULT_STACK
    ),
    offer: Annotated[
        str, typer.Option("--offer", help=f"What the cluster offers, of {', '.join(Capability)}; such as grove,kai.")
    ] = "",
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting as platform.PATH=VALUE or SERVICE.FIELD=VALUE; may be repeated."),
    ] = None,
    latency: Annotated[int, typer.Option("--latency", min=0, help="Milliseconds added to every API request.")] = 0,
    replicas: Annotated[
        list[str] | None, typer.Option("--replicas", help="Replicas as SERVICE=NUMBER; may be repeated.")
    ] = None,
    nodes: Annotated[
        str, typer.Option("--nodes", help="Simulated nodes, such as 16x8xH100,4xcpu; a node takes 110 pods.")
    ] = "",
    nats_members: Annotated[
        int, typer.Option("--nats-members", help="Servers of the event log: 1, or 3 with a copy on each.")
    ] = 1,
    etcd_members: Annotated[
        int, typer.Option("--etcd-members", help="Members of the ownership store: 1, or 3 that elect a leader.")
    ] = 1,
) -> int:
    """Bring a stack up, or say that it is up already."""
    options = with_nodes(stack_options(name, offered(offer), setting or [], latency, replicas or []), nodes)
    options = with_members(options, nats=nats_members, etcd=etcd_members)
    with starting(name):
        running = read_stack(name)
        if running is not None and running.is_running:
            return _report_running(running)
        stack = bring_up(options, lambda part, what: notes().print(f"{part.ljust(12)} {what}", markup=False))
    notes().print(f"stack {stack.name} is up", markup=False)
    print(f"export KUBECONFIG={stack.kubeconfig}")
    notes().print("stop it with: dynamoctl down" + ("" if name == DEFAULT_STACK else f" --name {name}"), markup=False)
    return Exit.DONE


def bring_up(options: StackOptions, progress: Progress, *, outlives: bool = True) -> Stack:
    """Start everything, to live on after this process or to end with it; interrupted, it leaves nothing running."""
    former = read_stack(options.name)
    if former is not None:
        take_down(former, lambda *_: None)  # a record whose processes are gone, all or some of them
        progress("stack", f"the record of an earlier stack {options.name} was cleaned up")
    bringup = Bringup(options, progress)
    try:
        start_parts(bringup, progress)
    except BaseException:  # also Ctrl-C: what was started must not outlive the command
        bringup.take_down()
        raise
    if outlives:
        bringup.release()
    return bringup.stack


def start_parts(bringup: Bringup, progress: Progress) -> None:
    """Start all parts of a stack in their order, and apply what stands in the cluster before the first graph."""
    stack = bringup.start_servers()
    asyncio.run(provision_cluster(find_target(stack.name)))
    progress("cluster", "base objects applied")
    bringup.start_simulator()
    bringup.start_services()


def offered(text: str) -> tuple[str, ...]:
    """Return what `--offer` names, each once; `stack_options` refuses what the lab does not know."""
    return tuple(dict.fromkeys(name for each in text.split(",") if (name := each.strip())))


def stack_options(
    name: str, capabilities: Iterable[str], settings: Iterable[str], latency: int, replicas: Iterable[str]
) -> StackOptions:
    """Return what a command line asks of a stack; raise CommandError naming the option that is wrong."""
    numbers = dict(_replicas(each) for each in replicas)
    arguments: dict[str, list[str]] = {service: [] for service in SERVICES}
    arguments["webhook"] += ["--reachable-at", "127.0.0.1", "--closing-delay", "0s", *_admission_port(numbers)]
    for each in settings:
        path, equals, value = each.partition("=")
        scope, dot, field = path.partition(".")
        if not (equals and dot) or scope not in (*SERVICES, "platform"):
            known = ", ".join(SERVICES)
            raise CommandError(
                f"--set {each}: write it as platform.PATH=VALUE or SERVICE.FIELD=VALUE ({known})", _USAGE
            )
        if scope == "platform":
            for service in ("reconciler", "rbac"):
                arguments[service] += ["--set", each]
        else:
            arguments[scope] += [f"--{field.replace('_', '-')}", value]
    return StackOptions(
        name=name,
        crd_files=(*crd_files(), *(path for each in capabilities for path in capability_crds(each))),
        latency_ms=latency,
        service_arguments={service: tuple(given) for service, given in arguments.items()},
        replicas=numbers,
    )


def with_nodes(options: StackOptions, nodes: str) -> StackOptions:
    """Return the options of a stack on other nodes than the simulator's own choice."""
    return replace(options, simulator_arguments=(*options.simulator_arguments, "--nodes", nodes)) if nodes else options


def with_members(options: StackOptions, *, nats: int, etcd: int) -> StackOptions:
    """Return the options of a stack whose event log and store are clusters; raise CommandError for other sizes."""
    for store, members in (("nats", nats), ("etcd", etcd)):
        if members not in MEMBERS:
            raise CommandError(f"--{store}-members {members}: it is 1 or 3, since two survive no loss", _USAGE)
    return replace(options, nats_members=nats, etcd_members=etcd)


def _report_running(stack: Stack) -> int:
    dead = stack.dead
    for process in dead:
        notes().print(f"{process.name} has ended; the end of {process.log}:\n{process.log_tail()}", markup=False)
    if dead:
        named = ", ".join(process.name for process in dead)
        raise CommandError(f"stack {stack.name} runs without {named}: dynamoctl down, then up again")
    waiting = [
        f"{process.name} ({reason})"
        for process in stack.processes
        if process.health_url
        for ready, reason in [is_ready(process.health_url)]
        if not ready
    ]
    state = f"is up, and waits for {'; '.join(waiting)}" if waiting else "is up already"
    notes().print(f"stack {stack.name} {state}", markup=False)
    print(f"export KUBECONFIG={stack.kubeconfig}")
    return Exit.DONE


def _admission_port(replicas: Mapping[str, int]) -> list[str]:
    """Return where webhooks listen: one at any free port, several together at one that has to be known before."""
    if replicas.get("webhook", 1) == 1:
        return ["--admission-port", "0"]
    return ["--admission-port", str(free_port()), "--shared-port", "true"]


def _replicas(text: str) -> tuple[str, int]:
    service, equals, number = text.partition("=")
    if service not in SERVICES or not equals or not number.isdigit():
        raise CommandError(f"--replicas {text}: write it as SERVICE=NUMBER ({', '.join(SERVICES)})", _USAGE)
    return service, int(number)


_USAGE = Exit.USAGE
