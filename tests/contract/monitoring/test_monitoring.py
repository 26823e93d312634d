"""Alerts and dashboard name only metrics, labels and values that the code has, and can do what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
import yaml

from scripts import dashboards
from scripts.monitoring_pages import ALERTS, alerts
from scripts.reference_pages import Metric, all_metrics
from shared.runtime.settings_sources import SERVICES
from tests.contract.monitoring.expressions import Expression, Matcher, Selector, parse

METRICS = {metric.name: metric for metric in all_metrics()}
# What etcd serves by itself (its own documentation of metrics names them), with the labels that the scrape adds.
FOREIGN = {
    "etcd_server_has_leader": Metric("etcd_server_has_leader", "gauge", (), ""),
    "etcd_mvcc_db_total_size_in_bytes": Metric("etcd_mvcc_db_total_size_in_bytes", "gauge", (), ""),
    "etcd_server_quota_backend_bytes": Metric("etcd_server_quota_backend_bytes", "gauge", (), ""),
}
PARTS = ("_bucket", "_sum", "_count")
VARIABLES = {"$service", "$__rate_interval"}

RULES = alerts()
PANELS = [panel for panel in dashboards.dashboard()["panels"] if panel["type"] != "row"]
TARGETS = [target for panel in PANELS for target in panel["targets"]]
EXPRESSIONS = [rule["expr"] for rule in RULES] + [target["expr"] for target in TARGETS]

each_expression = pytest.mark.parametrize("expression", EXPRESSIONS)
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])


def metric_of(selector: Selector) -> Metric | None:
    """Return the metric that a selector reads, by the names under which it is served."""
    known = METRICS | FOREIGN
    found = known.get(selector.metric)
    if found is not None:
        return found if found.kind != "histogram" else None
    base, part = next(
        ((selector.metric.removesuffix(each), each) for each in PARTS if selector.metric.endswith(each)), ("", "")
    )
    histogram = known.get(base)
    return histogram if part and histogram is not None and histogram.kind == "histogram" else None


def labels_of(selector: Selector) -> set[str]:
    """Return the labels of a selector's series."""
    metric = metric_of(selector)
    assert metric is not None
    return {*metric.labels, "le"} if selector.metric.endswith("_bucket") else set(metric.labels)


@pytest.mark.rule("CT-36")
@each_expression
def test_an_expression_reads_metrics_that_exist(expression: str) -> None:
    selectors = parse(expression).selectors

    assert selectors
    assert [each.metric for each in selectors if metric_of(each) is None] == []


@each_expression
def test_an_expression_selects_and_groups_by_labels_that_its_metrics_have(expression: str) -> None:
    read = parse(expression)
    selected = {(each.metric, matcher.label) for each in read.selectors for matcher in each.matchers}
    known = {(each.metric, label) for each in read.selectors for label in labels_of(each)}

    assert selected - known == set()
    assert read.groups <= set().union(*(labels_of(each) for each in read.selectors))


@each_expression
def test_a_value_that_is_compared_with_is_one_that_the_metric_says_it_has(expression: str) -> None:
    unknown = [
        (selector.metric, value)
        for selector in parse(expression).selectors
        for matcher in selector.matchers
        for value in values_of(matcher)
        if not is_documented(selector, matcher.label, value)
    ]

    assert unknown == []


def values_of(matcher: Matcher) -> list[str]:
    """Return the values that a matcher names."""
    return [value for value in matcher.value.split("|") if value not in VARIABLES]


def is_documented(selector: Selector, label: str, value: str) -> bool:
    """Return whether a metric's meaning names a value of a label."""
    metric = metric_of(selector)
    assert metric is not None
    return value in SERVICES if label == "platform_service" else re.search(rf"\b{value}\b", metric.meaning) is not None


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target["expr"][:60])
def test_a_legend_names_labels_that_are_left_of_the_series(target: dict[str, Any]) -> None:
    read = parse(target["expr"])
    left = read.groups or set().union(*(labels_of(each) for each in read.selectors))

    assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= left


@each_rule
def test_an_alert_says_how_bad_it_is_what_it_means_and_what_to_do(rule: dict[str, Any]) -> None:
    notes = rule["annotations"]

    assert rule["labels"]["severity"] in ("critical", "warning")
    assert set(notes) == {"summary", "description", "action", "runbook_url"}
    assert all(notes.values())
    assert notes["runbook_url"] == f"troubleshooting.md#{rule['alert'].lower()}"


@each_rule
def test_a_summary_uses_labels_that_the_alert_has(rule: dict[str, Any]) -> None:
    read = parse(rule["expr"])
    selected = {matcher.label for each in read.selectors for matcher in each.matchers if "absent" in rule["expr"]}
    has = read.groups | selected or set().union(*(labels_of(each) for each in read.selectors))

    assert set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])) <= has


@each_rule
def test_a_quantile_can_exceed_its_threshold(rule: dict[str, Any]) -> None:
    bounds = [
        max(metric.bounds)
        for selector in parse(rule["expr"]).selectors
        if (metric := metric_of(selector)) is not None and metric.bounds and "histogram_quantile" in rule["expr"]
    ]
    thresholds = [float(found) for found in re.findall(r"> ([\d.]+)$", rule["expr"].strip())]

    assert all(threshold < bound for threshold in thresholds for bound in bounds)


@pytest.mark.rule("MO-08")
def test_every_alert_that_the_chart_asks_for_and_today_s_services_can_raise_is_there() -> None:
    wanted = {
        "DynamoCertificateExpiry",
        "DynamoServiceAbsent",
        "DynamoServiceNotReady",
        "DynamoPartitionUnowned",
        "DynamoDeadLetters",
        "DynamoConsumerLag",
        "DynamoWatchStale",
        "DynamoReconcileErrors",
        "DynamoWebhookSlow",
        "DynamoWebhookErrors",
        "DynamoInventoryStale",
        "DynamoStreamStorage",
        "DynamoEtcdNoLeader",
        "DynamoEtcdStorage",
    }
    names = [rule["alert"] for rule in RULES]

    assert wanted <= set(names)
    assert len(names) == len(set(names))


def test_the_file_is_one_that_prometheus_loads() -> None:
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))

    assert set(groups) == {"groups"}
    assert all(set(rule) <= {"alert", "expr", "for", "labels", "annotations"} for rule in RULES)
    assert all(re.fullmatch(r"\d+[smh]", rule.get("for", "0s")) for rule in RULES)


@pytest.mark.rule("MO-09")
def test_the_dashboard_is_what_its_program_writes() -> None:
    assert dashboards.FILE.read_text(encoding="utf-8") == dashboards.text()


def test_panels_have_their_own_ids_and_do_not_overlap() -> None:
    panels = dashboards.dashboard()["panels"]
    taken = [cell for panel in panels for cell in cells(panel["gridPos"])]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len(taken) == len(set(taken))
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= dashboards.COLUMNS for panel in panels)


def cells(place: dict[str, int]) -> Iterator[tuple[int, int]]:
    """Yield the cells of the grid that a panel covers."""
    for x in range(place["x"], place["x"] + place["w"]):
        for y in range(place["y"], place["y"] + place["h"]):
            yield x, y


def test_no_panel_is_bound_to_one_data_source() -> None:
    sources = {str(panel["datasource"]["uid"]) for panel in PANELS}

    assert sources == {"${datasource}"}


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        pytest.param(
            'sum by (a, le) (rate(x_bucket{b="1", c=~"2|3"}[5m])) / max(y) > 0.5',
            Expression(
                (Selector("x_bucket", (Matcher("b", "=", "1"), Matcher("c", "=~", "2|3"))), Selector("y")),
                frozenset({"a", "le"}),
            ),
            id="selectors, groups and thresholds",
        ),
        pytest.param("time() - x", Expression((Selector("x"),)), id="a function without arguments"),
    ],
)
def test_the_parser_reads_what_we_write(expression: str, wanted: Expression) -> None:
    assert parse(expression) == wanted


@pytest.mark.parametrize("expression", ["sum(x", "foo(x)", "x{a}", "x ? y", "rate"])
def test_the_parser_refuses_what_it_does_not_know(expression: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(expression)


def test_buckets_grow() -> None:
    assert all(low < high for metric in METRICS.values() for low, high in pairwise(metric.bounds))
