"""Decisions of the first seconds reach the log when it comes, and never more than fit."""

from __future__ import annotations

from dataclasses import dataclass, field

from prometheus_client import REGISTRY

from services.webhook.trail import Trail
from shared.core.resources import GRAPHS, Ref
from shared.ports.passes import Decision


@dataclass
class Recorded:
    """The port `Decisions`, as a list of names."""

    names: list[str] = field(default_factory=list)

    def record(self, decision: Decision) -> None:
        self.names.append(decision.about.name)


def a_decision(name: str) -> Decision:
    return Decision(Ref(GRAPHS, "team-a", name), "accepted", "create accepted")


def forgotten() -> float:
    labels = {"platform_service": "webhook"}
    return REGISTRY.get_sample_value("dynamo_operator_webhook_decisions_forgotten_total", labels) or 0.0


def test_what_was_decided_before_the_log_came_is_handed_over_in_order() -> None:
    trail, log = Trail(), Recorded()
    trail.record(a_decision("a"))
    trail.record(a_decision("b"))

    trail.hand_over(log)
    trail.record(a_decision("c"))

    assert log.names == ["a", "b", "c"]


def test_what_does_not_fit_is_dropped_and_counted() -> None:
    trail, log, before = Trail(limit=1), Recorded(), forgotten()
    trail.record(a_decision("a"))
    trail.record(a_decision("b"))

    trail.hand_over(log)

    assert (log.names, forgotten() - before) == (["a"], 1)
