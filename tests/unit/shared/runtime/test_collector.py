"""The garbage collector of a service."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from shared.runtime.collector import YOUNG, spare_collector


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Leave the collector of the test run as it was."""
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_what_was_there_at_the_start_is_set_aside() -> None:
    spare_collector()

    assert gc.get_freeze_count() > 0
    assert gc.get_threshold()[0] == YOUNG


def test_cycles_are_found_all_the_same() -> None:
    spare_collector()
    cycle: list[object] = []
    cycle.append(cycle)
    del cycle

    assert gc.collect() > 0
