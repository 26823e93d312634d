"""Every outage of the failure model: how it begins, how it ends, and what it is held to.

Separate from the protocol of a drill. Bars come from design.md section 9; where a service has to start first, the time
that section 13 allows a start is added, because a drill counts from the moment at which the start was asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from lab.launcher.answers import answer
from lab.launcher.nats import NatsServer
from tests.chaos.failures.backups import Backup
from tests.chaos.failures.drills import STARTED, TAKEN_OVER, Outage
from tests.chaos.failures.storms import Attempts
from tests.chaos.seeds import IS_LONG
from tests.e2e.stacks import LiveStack

RESUMED = timedelta(seconds=10)  # the watcher, from its checkpoint
RECOVERED = timedelta(seconds=30)  # NATS
RECONCILERS = ("reconciler", "reconciler-2", "reconciler-3")

Act = Callable[[LiveStack], None]


def crash(*parts: str) -> Act:
    """Return what ends parts as kill -9 does."""
    return lambda stack: stack.bringup.crash(*parts)


def restart(*parts: str) -> Act:
    """Return what starts parts again."""

    def act(stack: LiveStack) -> None:
        stack.bringup.restart(*parts)

    return act


def crash_and_wipe(*servers: str) -> Act:
    """Return what ends servers and takes their disks."""

    def act(stack: LiveStack) -> None:
        stack.bringup.crash(*servers)
        stack.bringup.wipe(*servers)

    return act


def fall_asleep(stack: LiveStack) -> None:
    """Freeze every process, as a lid that is closed does; only the clock of the machine itself goes on."""
    stack.bringup.pause(*_everything(stack))


def wake_up(stack: LiveStack) -> None:
    """Let every process go on."""
    stack.bringup.resume(*_everything(stack))


def _everything(stack: LiveStack) -> list[str]:
    return [process.name for process in stack.record.processes]


def has_clients(*services: str) -> Callable[[LiveStack], bool]:
    """Return what says whether every replica of services is connected to NATS, as the server counts them."""

    def act(stack: LiveStack) -> bool:
        nats = stack.bringup.server("nats")
        assert isinstance(nats, NatsServer)
        found = Counter(each.get("name", "") for each in answer(f"{nats.monitoring_url}/connz").get("connections", []))
        names = [process.name.partition("-")[0] for process in stack.record.processes]
        return all(found[f"dynamo-{each}"] >= names.count(each) for each in services)

    return act


def killed(row: str, *parts: str, bar: timedelta | None, whole: timedelta | None = None) -> Outage:
    """Return the outage of parts that are killed and started again."""
    return Outage(row, f"{', '.join(parts)}: kill -9", crash(*parts), restart(*parts), bar, whole)


def wiped(row: str, *servers: str) -> Outage:
    """Return the outage of servers that lose their disks."""
    stopped = f"{', '.join(servers)}: kill -9, disk wiped"
    return Outage(row, stopped, crash_and_wipe(*servers), restart(*servers), RECOVERED, RECOVERED)


WATCHER = killed("watcher", "watcher", bar=RESUMED, whole=RESUMED)
ONE_RECONCILER = Outage(
    "one reconciler",
    "one of three: kill -9",
    crash("reconciler"),
    restart("reconciler"),
    TAKEN_OVER,
    goes_on=True,
)
ALL_RECONCILERS = killed("all reconcilers", *RECONCILERS, bar=STARTED + TAKEN_OVER)
RBAC = replace(killed("rbac", "rbac", bar=STARTED + TAKEN_OVER), shows="ServiceAccount")
DISCOVERY = Outage(
    "discovery", "discovery: kill -9", crash("discovery"), restart("discovery"), TAKEN_OVER, goes_on=True
)
ONE_WEBHOOK = Outage(
    "one webhook", "one of two behind one port: kill -9", crash("webhook"), restart("webhook"), TAKEN_OVER, goes_on=True
)
ALL_WEBHOOKS = killed("all webhooks", "webhook", "webhook-2", bar=STARTED + TAKEN_OVER)
ASLEEP = Outage("asleep", "every process: SIGSTOP", fall_asleep, wake_up, TAKEN_OVER, TAKEN_OVER)
NATS_KILLED = killed("nats killed", "nats", bar=RECOVERED, whole=RECOVERED)
NATS_AWAY = replace(
    killed("nats away", "nats", bar=RECOVERED, whole=RECOVERED), reconnected=has_clients("watcher", "reconciler")
)
NATS_WIPED = wiped("nats wiped", "nats")
ETCD_KILLED = killed("etcd killed", "etcd", bar=TAKEN_OVER)
ETCD_AWAY = killed("etcd away", "etcd", bar=TAKEN_OVER)
ETCD_WIPED = wiped("etcd wiped", "etcd")
BOTH_WIPED = wiped("both wiped", "nats", "etcd")
API_HANGS = Outage(
    "api server",
    "does not answer: SIGSTOP",
    lambda stack: stack.bringup.pause("apiserver"),
    lambda stack: stack.bringup.resume("apiserver"),
    None,
)


def wiped_beside(*services: str) -> Outage:
    """Return the loss of NATS with its disk under many graphs, with the owners alive or killed with it."""

    def begin(stack: LiveStack) -> None:
        stack.bringup.crash(*services)
        crash_and_wipe("nats")(stack)

    owners = f"{', '.join(services)} killed too" if services else "owners alive"
    stopped = f"NATS: kill -9, disk wiped, {owners}"
    return Outage("P-05", stopped, begin, restart("nats", *services), RECOVERED, RECOVERED)


def api_stopped() -> Outage:
    """Return an API server that refuses connections, while every attempt is counted."""
    attempts = Attempts()
    return Outage(
        "api server",
        "refuses connections: stopped in order",
        attempts.begin,
        attempts.end,
        None,
        held=attempts.told,
        problems=attempts.problems,
    )


def restored(*, to_half: bool) -> Outage:
    """Return the loss of a cluster that comes back from a backup."""
    backup = Backup(to_half=to_half)
    how = "at half its version" if to_half else "from a moment before"
    stopped = f"API server: kill -9, restored from a backup {how}"
    return Outage("restored", stopped, backup.take_and_lose, backup.restore, RECOVERED, held=backup.told)


@dataclass(frozen=True, slots=True)
class Case:
    """One outage that a shared stack goes through, in a namespace of its own."""

    namespace: str
    outage: Outage
    lasts: timedelta = timedelta()


LASTS = timedelta(seconds=6 if IS_LONG else 3)  # in any case longer than claims live
SHORT = (
    Case("in-its-sleep", ASLEEP, LASTS),
    Case("without-nats-disk", NATS_WIPED, LASTS),
    Case("without-etcd-disk", ETCD_WIPED, LASTS),
    Case("without-disks", BOTH_WIPED, LASTS),
    Case("without-api", api_stopped(), LASTS),
    Case("restored", restored(to_half=False)),
)
LONG = (
    Case("without-watcher", WATCHER, LASTS),
    Case("without-a-reconciler", ONE_RECONCILER, LASTS),
    Case("without-reconcilers", ALL_RECONCILERS, LASTS),
    Case("without-rbac", RBAC, LASTS),
    Case("without-discovery", DISCOVERY, LASTS),
    Case("without-a-webhook", ONE_WEBHOOK, LASTS),
    Case("without-webhooks", ALL_WEBHOOKS, LASTS),
    Case("nats-killed", NATS_KILLED),
    Case("without-nats", NATS_AWAY, LASTS),
    Case("etcd-killed", ETCD_KILLED),
    Case("without-etcd", ETCD_AWAY, LASTS),
    Case("api-hangs", API_HANGS, LASTS),
    Case("restored-to-half", restored(to_half=True)),
)
IN_TURN = (*SHORT, *LONG) if IS_LONG else SHORT
