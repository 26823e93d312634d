"""Three reconcilers as processes, signalled at random: etcd's history and the audit log show one writer at a time.

How long statuses were stale (P-22) is measured and held to its bar where the drill is recorded; here it fails nothing,
since a busy machine gives no process its second. On fakes, where time is driven, it is exact and checked.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from shared.testing.eventually import eventually
from tests.chaos.ownership.checker import Rules
from tests.chaos.ownership.figures import Figures, figures_of
from tests.chaos.ownership.observers import observing
from tests.chaos.ownership.signals import Signals
from tests.chaos.ownership.stale_statuses import STALE, Patience
from tests.chaos.ownership.users import RECOVERY, Users
from tests.chaos.records import Drill, record
from tests.chaos.seeds import FIRST, IS_LONG
from tests.e2e.stacks import CLAIM_TTL, LiveStack, running_stack, state_home

ROUNDS = 40 if IS_LONG else 4
GRAPHS = 12 if IS_LONG else 4
LONGEST_STOP = 30.0 if IS_LONG else 3.0
TTL = timedelta(seconds=float(CLAIM_TTL.removesuffix("s")))
RULES = Rules(
    slack=timedelta(milliseconds=500),  # a busy machine tells of the end of a claim so much later
    write_deadline=TTL / 2,
    patience=Patience(settling=timedelta(seconds=1), recovery=timedelta(seconds=5)),
)


@pytest.fixture(scope="module")
def audit_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file in which the API server keeps every write."""
    return tmp_path_factory.mktemp("audit") / "audit.log"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, audit_log: Path) -> Iterator[LiveStack]:
    """A stack with three reconcilers, whose API server keeps an audit log."""
    arguments = (f"--audit-log={audit_log}",)
    with (
        state_home(tmp_path_factory.mktemp("state")),
        running_stack("ownership", replicas=("reconciler=3",), api_arguments=arguments) as live,
    ):
        yield live


async def drill(stack: LiveStack, audit_log: Path) -> tuple[Figures, list[str]]:
    """Disturb the owners of graphs that serve, let everything come to rest; return what was seen and what was done."""
    dice = random.Random(FIRST)
    async with stack.target.cluster() as cluster:
        users = Users(cluster, "handed-over", dice)
        await users.begin(GRAPHS)
        async with observing(stack, audit_log, users.namespace) as observer:
            signals = Signals(stack, observer, users, dice)
            await signals.play(ROUNDS, longest_stop=LONGEST_STOP)
            await users.edit_some()
            with suppress(TimeoutError):  # then the complaints are shown
                await eventually(users.is_served, within=RECOVERY)
            complaints = await users.complaints()
        figures = figures_of(observer.history(), TTL, RULES)
    return replace(figures, runs=ROUNDS, differences=tuple(complaints)), signals.told


@pytest.mark.rule("P-22")
def test_reconcilers_that_are_signalled_at_random_write_one_at_a_time(stack: LiveStack, audit_log: Path) -> None:
    figures, told = asyncio.run(drill(stack, audit_log))

    for row in ("hand-overs", "P-22"):
        record(
            Drill(
                row=row,
                stopped="reconcilers: kill -9, SIGTERM, SIGSTOP for 1 to 30 s, leases revoked; etcd: SIGSTOP",
                held=figures.held(),
                whole=figures.measures(TTL),
                runs=figures.runs,
            )
        )
    broken = [str(each) for each in figures.violations if each.rule != STALE]
    assert not broken, "\n".join([*told, *broken])
    assert not figures.differences, "\n".join([*told, *figures.differences])
    assert figures.handovers > ROUNDS
    assert figures.writes > 0
