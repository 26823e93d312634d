"""History is bounded, and whoever falls behind it is told."""

from lab.apiserver.storage.history import History
from lab.apiserver.storage.records import Change, make_record


def _change(version: int) -> Change:
    document = {"metadata": {"name": "a", "uid": "u"}, "data": "x" * 100}
    return Change("MODIFIED", version, make_record(document, version, lambda _document: {}), None)


def _filled(count: int, **bounds: int) -> History:
    history = History(0, **bounds)
    for version in range(1, count + 1):
        history.append(_change(version))
    return history


def test_keeps_a_bounded_number_of_changes() -> None:
    history = _filled(1000, max_changes=100)

    assert history.end == 1000
    assert history.end - history.start <= 125


def test_keeps_a_bounded_number_of_bytes() -> None:
    history = _filled(1000, max_bytes=10_000)

    assert history.end - history.start < 100


def test_a_reader_that_is_too_slow_learns_it() -> None:
    history = _filled(1000, max_changes=100)

    assert history.since(0) is None
    assert history.since(history.start) is not None


def test_a_version_that_was_forgotten_cannot_be_resumed() -> None:
    history = _filled(1000, max_changes=100)

    assert history.position_after(1) is None
    assert history.position_after(1000) == history.end
