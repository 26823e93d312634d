"""The pages about monitoring, from the alert rules and the dashboard that ship with the chart.

Separate from the other reference pages because its sources are files of the chart. An alert explains itself: what it
means and what to do stand in its annotations, and both pages repeat them, so that neither can be out of date.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from scripts.dashboards import TITLE
from scripts.panels import ROWS

ALERTS = Path(__file__).resolve().parent.parent / "charts/platform/files/alerts.yaml"


def alerts() -> list[dict[str, Any]]:
    """Return the alert rules."""
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def monitoring() -> Iterator[str]:
    """Yield the page about dashboard and alerts."""
    yield from ("# Monitoring", "", *_INTRODUCTION, "")
    yield from ("## Alerts", "", "What each means and what to do: [troubleshooting](troubleshooting.md).", "")
    yield from ("| alert | severity | for | condition |", "| --- | --- | --- | --- |")
    for rule in alerts():
        name = rule["alert"]
        cells = [f"[{name}](troubleshooting.md#{name.lower()})", rule["labels"]["severity"], rule.get("for", "at once")]
        yield f"| {' | '.join(cells)} | {_code(rule['expr'])} |"
    yield from ("", f"## Dashboard: {TITLE}", "", "| row | panel | shows |", "| --- | --- | --- |")
    for row in ROWS:
        for panel in row.panels:
            yield f"| {row.title} | {panel.title} | {panel.meaning} |"
    yield ""


def troubleshooting() -> Iterator[str]:
    """Yield the page that alerts point to."""
    yield from ("# Troubleshooting", "", *_BEGINNING, "")
    for rule in alerts():
        notes = rule["annotations"]
        yield from (f"## {rule['alert']}", "", f"*{rule['labels']['severity']}*", "")
        yield from (notes["description"], "", f"**What to do.** {notes['action']}", "")


def _code(expression: str) -> str:
    return f"`{' '.join(expression.split())}`".replace("|", "\\|")


_INTRODUCTION = (
    "Every service serves [its metrics](metrics.md) on the port of its health. `charts/platform/files/dashboards` has",
    "a Grafana dashboard, and `charts/platform/files/alerts.yaml` the rules for Prometheus: a rule file as it stands,",
    "and its `groups` are those of a PrometheusRule. `dynamoctl doctor` asks the same questions once, with no",
    "Prometheus at hand.",
    "",
    "State that moves with a claim (queues, views) is read when metrics are asked for and costs nothing per event; its",
    "series end with the claim, so a partition is never shown by two replicas.",
)
_BEGINNING = (
    "`dynamoctl doctor` says what is wrong with the platform, `dynamoctl explain GRAPH` what is wrong with one graph;",
    "each finding comes with what to do. This page is where alerts point to.",
)
