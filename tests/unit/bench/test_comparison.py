from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bench.comparison import regressions
from tests.bench.figures import Figures, Record


def a_record(
    *, graphs: float = 300, cpu: dict[str, float] | None = None, requests: dict[str, float] | None = None
) -> Record:
    figures = Figures("300:5", values={"graphs": graphs}, cpu_seconds=cpu or {}, requests=requests or {})
    return Record("a machine", (figures,))


def test_names_case_process_before_and_after_of_what_grew() -> None:
    found = regressions(a_record(cpu={"watcher": 0.02}), a_record(cpu={"watcher": 0.03}))

    assert [str(each) for each in found] == ["300:5: watcher: CPU seconds per graph: 0.02 -> 0.03 (+50 %)"]


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [
        pytest.param(0.050, 0.060, 0, id="a fifth more is still allowed"),
        pytest.param(0.050, 0.061, 1, id="more than a fifth is not"),
        pytest.param(0.001, 0.003, 0, id="what a clock tick can make of little is noise"),
        pytest.param(0.050, 0.020, 0, id="less is welcome"),
    ],
)
def test_cpu_seconds_may_grow_by_a_fifth(before: float, after: float, count: int) -> None:
    found = regressions(a_record(cpu={"etcd": before}), a_record(cpu={"etcd": after}))

    assert len(found) == count


def test_requests_are_compared_by_client() -> None:
    before = a_record(requests={"dynamo-rbac": 3.0, "dynamo-reconciler": 22.0})
    after = a_record(requests={"dynamo-rbac": 4.0, "dynamo-reconciler": 22.4})

    assert [each.process for each in regressions(before, after)] == ["dynamo-rbac"]


def test_few_graphs_say_nothing_about_cpu() -> None:
    found = regressions(a_record(graphs=30, cpu={"nats": 0.01}), a_record(graphs=30, cpu={"nats": 0.04}))

    assert found == []


def test_a_new_case_and_a_new_process_are_no_regression() -> None:
    before = Record("a machine", (Figures("100:5", cpu_seconds={"nats": 0.001}),))

    assert regressions(before, a_record(cpu={"nats": 1.0})) == []
    assert regressions(a_record(cpu={"nats": 1.0}), a_record(cpu={"nats": 1.0, "proxy": 5.0})) == []


def test_cpu_seconds_of_another_machine_are_other_seconds() -> None:
    before = a_record(cpu={"nats": 0.01}, requests={"dynamo-rbac": 3.0})
    after = a_record(cpu={"nats": 0.05}, requests={"dynamo-rbac": 5.0})

    found = regressions(replace(before, machine="a faster one"), after)

    assert [each.measure for each in found] == ["requests per graph"]
