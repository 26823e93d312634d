"""The low-water mark never passes what is unfinished."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.watcher.changes.marks import LowWaterMark

COURSES = st.tuples(st.lists(st.integers(0, 3), max_size=12), st.randoms(use_true_random=False))


@settings(max_examples=60, deadline=None)
@given(COURSES)
def test_is_never_at_or_above_an_unfinished_version(course: tuple[list[int], random.Random]) -> None:
    publications, dice = course
    mark, unfinished, marks = LowWaterMark(), list[int](), [0]
    for version, count in enumerate(publications, start=1):
        mark.received(version, count)
        unfinished += [version] * count
        for _ in range(dice.randint(0, len(unfinished))):
            mark.stored(unfinished.pop(dice.randrange(len(unfinished))))
            marks.append(mark.mark)
        marks.append(mark.mark)
        assert mark.mark < min(unfinished, default=version + 1)

    assert marks == sorted(marks)


@settings(max_examples=40, deadline=None)
@given(COURSES)
def test_reaches_the_newest_version_when_all_is_stored(course: tuple[list[int], random.Random]) -> None:
    publications, dice = course
    mark = LowWaterMark()
    unfinished = [version for version, count in enumerate(publications, start=1) for _ in range(count)]
    for version, count in enumerate(publications, start=1):
        mark.received(version, count)
    dice.shuffle(unfinished)
    for version in unfinished:
        mark.stored(version)

    assert mark.mark == len(publications)
    assert mark.has_stored(len(publications))


def test_a_version_seen_again_is_unfinished_until_what_it_brought_is_stored() -> None:
    mark = LowWaterMark(mark=7)
    mark.received(7, 0)

    mark.received(7, 1)
    is_stored_before = mark.has_stored(7)
    mark.stored(7)

    assert not is_stored_before
    assert mark.has_stored(7)
    assert mark.mark == 7


@pytest.mark.parametrize("version", [3, 9])
def test_a_version_that_nobody_waits_for_changes_nothing(version: int) -> None:
    mark = LowWaterMark()
    mark.received(5, 0)

    mark.stored(version)

    assert mark.mark == 5
