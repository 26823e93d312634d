"""Metric names follow one rule, and no label grows with the number of objects."""

from __future__ import annotations

import re

import pytest

from shared.runtime import metrics as shared_metrics
from tests.contract.rooms.inspection import Metric, metrics_in, metrics_modules

ALL = [metric for module in metrics_modules() for metric in metrics_in(module)]
NAME = re.compile(r"dynamo_operator_[a-z]+(_[a-z]+)*")
UNITS = ("_seconds", "_bytes")
UNBOUNDED = {"name", "namespace", "uid", "object", "graph", "pod", "node", "primary", "key", "message"}


def ids(metric: Metric) -> str:
    """Return how a metric is called in the test's name."""
    return metric.name


@pytest.mark.parametrize("metric", ALL, ids=ids)
def test_a_name_says_product_noun_and_unit(metric: Metric) -> None:
    assert NAME.fullmatch(metric.name)
    assert not metric.name.endswith(("_milliseconds", "_ms", "_minutes", "_kilobytes", "_megabytes"))


@pytest.mark.parametrize("metric", [metric for metric in ALL if metric.kind == "histogram"], ids=ids)
def test_a_histogram_measures_a_base_unit(metric: Metric) -> None:
    assert metric.name.endswith(UNITS)


@pytest.mark.parametrize("metric", ALL, ids=ids)
def test_no_label_grows_with_the_number_of_objects(metric: Metric) -> None:
    assert not UNBOUNDED & set(metric.labels)


@pytest.mark.parametrize("metric", metrics_in(shared_metrics), ids=ids)
def test_a_shared_metric_names_its_service_first(metric: Metric) -> None:
    assert metric.labels[0] == "platform_service"


def test_nothing_is_counted_under_two_names_or_twice_under_one() -> None:
    names = [metric.name for metric in ALL]

    assert len(names) == len(set(names))


def test_constants_are_named_like_constants() -> None:
    assert [metric.constant for metric in ALL if metric.constant != metric.constant.upper()] == []
