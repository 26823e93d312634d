"""Which of two states of one object is the newer one."""

from __future__ import annotations

from itertools import permutations

import pytest

from shared.runtime.partitions.views.ordering import Epochs, Stamp, is_newer


@pytest.mark.parametrize(
    ("candidate", "held", "expected"),
    [
        pytest.param(Stamp("a.0", 5), None, True, id="the first state counts"),
        pytest.param(Stamp("a.0", 6), Stamp("a.0", 5), True, id="a higher version counts"),
        pytest.param(Stamp("a.0", 10), Stamp("a.0", 9), True, id="versions are numbers, not texts"),
        pytest.param(Stamp("a.0", 5), Stamp("a.0", 5), False, id="the same again is nothing new"),
        pytest.param(Stamp("a.0", 4), Stamp("a.0", 5), False, id="a late one is dropped"),
        pytest.param(Stamp("a.0", 5, True), Stamp("a.0", 5), True, id="a list finds it gone at its last version"),
        pytest.param(Stamp("a.0", 5), Stamp("a.0", 5, True), False, id="what is gone stays gone"),
        pytest.param(Stamp("a.0", 4, True), Stamp("a.0", 5), False, id="an old deletion is of a former object"),
        pytest.param(Stamp("a.0", 6), Stamp("a.0", 5, True), True, id="an object made anew counts"),
        pytest.param(Stamp("a.1", 1), Stamp("a.0", 5), True, id="a new epoch replaces any version"),
        pytest.param(Stamp("b.0", 1), Stamp("a.0", 5), True, id="so does another cluster"),
    ],
)
def test_newer_counts(candidate: Stamp, held: Stamp | None, expected: bool) -> None:
    assert is_newer(candidate, held, Epochs()) is expected


def test_an_epoch_that_was_left_never_counts_again() -> None:
    epochs = Epochs()
    for epoch in ("a.0", "b.0"):
        epochs.enter(epoch)

    epochs.enter("a.0")

    assert epochs.current == "b.0"
    assert not is_newer(Stamp("a.0", 99), None, epochs)


@pytest.mark.parametrize("coming", ["a.1", "b.0"])
def test_what_came_of_the_next_epoch_is_not_replaced_from_the_current_one(coming: str) -> None:
    epochs = Epochs()
    epochs.enter("a.0")  # own answers are of this one until every list of the next is in the log

    assert not is_newer(Stamp("a.0", 99), Stamp(coming, 5), epochs)


def test_what_is_left_of_an_epoch_that_is_over_is_replaced() -> None:
    epochs = Epochs()
    for epoch in ("a.0", "b.0"):
        epochs.enter(epoch)

    assert is_newer(Stamp("b.0", 1), Stamp("a.0", 99), epochs)


def test_an_earlier_epoch_of_the_same_cluster_is_over_even_if_it_was_never_seen() -> None:
    epochs = Epochs()
    epochs.enter("a.3")

    assert epochs.is_over("a.2")
    assert not epochs.is_over("a.4")
    assert not epochs.is_over("b.0")
    assert not epochs.is_over("odd")


@pytest.mark.parametrize("order", list(permutations([Stamp("a.0", 3), Stamp("a.0", 5, True), Stamp("a.0", 4)])))
def test_any_order_ends_in_the_newest(order: tuple[Stamp, ...]) -> None:
    held: Stamp | None = None

    for stamp in (*order, *order):
        held = stamp if is_newer(stamp, held, Epochs()) else held

    assert held == Stamp("a.0", 5, True)
