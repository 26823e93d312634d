"""Requests are counted by who, what and how it ended."""

from lab.apiserver.front.counters import Counters


def test_equal_requests_are_one_line() -> None:
    counters = Counters()
    counters.add("kubectl/v1", "get", "pods", 200)
    counters.add("kubectl/v1", "get", "pods", 200)
    counters.add("kubectl/v1", "get", "pods", 404)

    counted = counters.document()

    assert counted["total"] == 3
    assert [entry["count"] for entry in counted["requests"]] == [2, 1]


def test_counting_can_start_anew() -> None:
    counters = Counters()
    counters.add("kubectl/v1", "get", "pods", 200)

    counters.clear()

    assert counters.document() == {"total": 0, "requests": []}
