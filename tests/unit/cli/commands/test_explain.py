"""How an explanation looks: the cause first, each finding with what to do, and nothing that is empty."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cli.commands.explain import EXITS, STEP_LIMIT, show
from cli.explanations.findings import Explanation, Finding, ServiceRow, Step, Thing, Tier, Verdict
from cli.failures import Exit

NOW = datetime(2025, 1, 1, 12, tzinfo=UTC)
FINDING = Finding(
    tier=Tier.QUOTA,
    code="QuotaExceeded",
    thing=Thing("ResourceQuota", "few", "demo"),
    evidence='it says "[bold]no[/bold]"',
    remedy="ask for less",
    command="kubectl describe quota",
    since=NOW - timedelta(minutes=5),
    further=2,
)


def printed(capsys: pytest.CaptureFixture[str], explanation: Explanation) -> list[str]:
    """Return what is printed of an explanation."""
    show(explanation, NOW)
    return capsys.readouterr().out.splitlines()


def test_the_cause_comes_first_with_its_fact_and_its_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    whole = Explanation(
        namespace="demo",
        name="chat",
        verdict=Verdict.BLOCKED,
        cause=FINDING,
        also=(FINDING,),
        notes=(FINDING,),
        services=(ServiceRow("web", 0, 2),),
        steps=(Step(NOW, "rbac", "Graph chat", "created", "x" * 500),),
        unread={"NATS": "refused"},
    )

    lines = printed(capsys, whole)

    assert lines[0] == "demo/chat: blocked"
    assert lines[1].startswith("  QuotaExceeded  ResourceQuota demo/few and 2 more  [3: quota; certain, since ")
    assert lines[1].endswith("(5 min)]")
    assert lines[2:5] == [
        '    it says "[bold]no[/bold]"',
        "    To go on: ask for less.",
        "      kubectl describe quota",
    ]
    headings = [line for line in lines if line and not line.startswith(" ")][1:]
    assert headings == [
        "also in the way",
        "not in the way of this graph now",
        "pods ready",
        "last decisions",
        "not read",
    ]
    assert "  web  0/2" in lines
    assert max(len(line) for line in lines) < STEP_LIMIT + 50


def test_what_is_empty_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, Explanation(namespace="demo", name="chat", verdict=Verdict.READY, since=NOW))

    assert len(lines) == 1
    assert lines[0].startswith("demo/chat: ready since ")


def test_a_graph_that_does_not_exist_is_shown_with_names_like_it(capsys: pytest.CaptureFixture[str]) -> None:
    missing = Explanation(namespace="demo", name="chta", verdict=Verdict.MISSING, similar=("demo/chat",))

    assert printed(capsys, missing) == ["demo/chta: does not exist", "", "graphs with a similar name", "  demo/chat"]


def test_a_state_of_an_older_generation_is_shown_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    old = Explanation(
        namespace="demo", name="chat", verdict=Verdict.STARTING, state="successful", generation=2, observed_generation=1
    )

    assert printed(capsys, old) == ["demo/chat: starting (state successful is of generation 1)"]


def test_every_verdict_has_an_exit_code() -> None:
    assert EXITS == {
        Verdict.READY: Exit.DONE,
        Verdict.STARTING: Exit.FAILED,
        Verdict.BLOCKED: Exit.FAILED,
        Verdict.MISSING: Exit.NOTHING_FOUND,
        Verdict.UNKNOWN: Exit.UNREACHABLE,
    }
