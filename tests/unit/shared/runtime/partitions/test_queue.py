"""Which primary is next."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.core.resources import GRAPHS, Ref
from shared.ports.passes import Trigger
from shared.runtime.partitions.queue import FAILURES_TO_DEAD_LETTER, Job, PassQueue, retry_delay

A, B, C, D = (Ref(GRAPHS, "team", name) for name in "abcd")


def drain(queue: PassQueue) -> list[Job]:
    """Run every pass that is ready, at once and successfully."""
    jobs = []
    while (job := queue.next(0.0)) is not None:
        jobs.append(job)
        queue.done(job.primary)
    return jobs


def fail(queue: PassQueue, times: int, *, now: float = 0.0) -> None:
    """Let passes fail, each as soon as its timer comes."""
    for _ in range(times):
        queue.add(A, "child", now=0.0)
        assert queue.next(0.0) is not None
        queue.failed(A, now=now, jitter=0.0)


@pytest.mark.rule("workloads 9.5 #1")
@pytest.mark.parametrize(
    ("failures", "seconds"),
    [
        pytest.param(1, 1, id="one second"),
        pytest.param(2, 2, id="doubled"),
        pytest.param(9, 256, id="doubled again and again"),
        pytest.param(10, 300, id="at most five minutes"),
        pytest.param(10_000, 300, id="however often"),
    ],
)
def test_retries_back_off(failures: int, seconds: float) -> None:
    assert retry_delay(failures, 0.0) == seconds
    assert seconds * 0.75 <= retry_delay(failures, 0.999) < seconds


def test_edits_go_before_children_before_retries_before_sweeps() -> None:
    queue = PassQueue()
    order: list[tuple[Ref, Trigger]] = [(A, "sweep"), (B, "fact"), (C, "child"), (D, "edit")]
    for primary, trigger in order:
        queue.add(primary, trigger, now=0.0)

    assert [job.primary for job in drain(queue)] == [D, C, B, A]


def test_what_was_begun_is_brought_further_before_the_next_edit_begins() -> None:
    queue = PassQueue()
    for primary in (A, B):
        queue.add(primary, "edit", now=0.0)
    first = queue.next(0.0)
    queue.add(C, "step", now=0.0)

    assert first is not None
    assert first.primary == A
    assert [job.primary for job in drain(queue)] == [C, B]


def test_events_of_one_primary_coalesce_into_the_most_urgent() -> None:
    queue = PassQueue()
    queue.add(A, "sweep", now=0.0)
    queue.add(B, "child", now=0.0)
    queue.add(A, "edit", cause="edit-1", now=0.0)
    queue.add(A, "child", cause="child-1", now=0.0)

    assert queue.depth == 2
    assert drain(queue) == [Job(A, "edit", "edit-1", 1), Job(B, "child", "", 1)]
    assert queue.depth == 0


def test_one_pass_per_primary_at_a_time() -> None:
    queue = PassQueue()
    queue.add(A, "edit", now=0.0)
    queue.next(0.0)

    queue.add(A, "child", now=0.0)

    assert not queue.has_ready
    assert queue.next(0.0) is None
    queue.done(A)
    assert queue.next(0.0) == Job(A, "child", "", 1)


@pytest.mark.rule("OB-01")
def test_different_primaries_run_side_by_side() -> None:
    queue = PassQueue()
    queue.add_all([A, B], "sweep", now=0.0)

    assert [queue.next(0.0), queue.next(0.0)] == [Job(A, "sweep", "", 1), Job(B, "sweep", "", 1)]
    assert not queue.is_idle


def test_nothing_is_remembered_of_what_is_done() -> None:
    queue = PassQueue()
    queue.add(A, "edit", now=0.0)

    drain(queue)

    assert queue.is_idle
    assert queue.next_due() is None


def test_a_failed_pass_comes_again_when_its_timer_does() -> None:
    queue = PassQueue()
    fail(queue, 1, now=10.0)

    queue.wake(10.9)
    early = queue.next(0.0)
    due = queue.next_due()
    queue.wake(11.0)

    assert early is None
    assert due == 11.0
    assert queue.next(0.0) == Job(A, "retry", "", 2)


def test_an_event_cancels_the_timer() -> None:
    queue = PassQueue()
    fail(queue, 1)

    queue.add(A, "child", now=0.0)

    assert queue.next_due() is None
    assert [job.trigger for job in drain(queue)] == ["child"]
    queue.wake(1000.0)
    assert not queue.has_ready


def test_an_event_during_a_pass_replaces_its_retry() -> None:
    queue = PassQueue()
    queue.add(A, "edit", now=0.0)
    queue.next(0.0)
    queue.add(A, "child", cause="event", now=0.0)

    queue.failed(A, now=0.0, jitter=0.0)

    assert queue.next_due() is None
    assert queue.next(0.0) == Job(A, "child", "event", 2)


def test_what_children_do_does_not_undo_the_back_off_but_an_edit_does() -> None:
    queue = PassQueue()
    fail(queue, 3)
    by_child = queue.next_due()
    queue.add(A, "edit", now=0.0)
    queue.next(0.0)
    queue.failed(A, now=0.0, jitter=0.0)

    assert by_child == 4.0
    assert queue.next_due() == 1.0


def test_a_pass_that_asks_for_something_names_its_own_delay_and_does_not_fail() -> None:
    queue = PassQueue()
    fail(queue, 9)
    queue.wake(1000.0)
    queue.next(0.0)

    queue.asked(A, timedelta(seconds=30), now=100.0)

    assert queue.next_due() == 130.0
    queue.wake(130.0)
    job = queue.next(0.0)
    assert job is not None
    assert job.attempt == 11
    assert not queue.is_last_chance(A)


def test_the_tenth_failure_in_a_row_is_the_last_chance() -> None:
    queue = PassQueue()
    chances = []
    for _ in range(FAILURES_TO_DEAD_LETTER):
        queue.add(A, "child", now=0.0)
        queue.next(0.0)
        chances.append(queue.is_last_chance(A))
        queue.failed(A, now=0.0, jitter=0.0)

    assert chances == [False] * 9 + [True]


def test_failures_that_say_nothing_of_the_object_do_not_count() -> None:
    queue = PassQueue()
    for _ in range(20):
        queue.add(A, "child", now=0.0)
        queue.next(0.0)
        last_chance = queue.is_last_chance(A)
        queue.failed(A, now=0.0, jitter=0.0, counts=False)

    assert not last_chance
    assert queue.next_due() == 1.0


@pytest.mark.rule("P-23")
def test_a_buried_primary_waits_for_the_sweep_and_is_alive_again_when_done() -> None:
    queue = PassQueue()
    queue.add(A, "edit", now=0.0)
    queue.next(0.0)
    queue.bury(A, "broken")
    waits = (queue.next_due(), queue.has_ready, queue.dead)

    queue.add_all(queue.dead, "sweep", now=0.0)
    drain(queue)

    assert waits == (None, False, [A])
    assert queue.dead == []


def test_a_buried_primary_that_fails_again_stays_buried_without_a_timer() -> None:
    queue = PassQueue()
    queue.add(A, "edit", now=0.0)
    queue.next(0.0)
    queue.bury(A, "broken")
    queue.add(A, "sweep", now=0.0)
    queue.next(0.0)

    last_chance = queue.is_last_chance(A)
    queue.failed(A, now=0.0, jitter=0.0)

    assert not last_chance
    assert queue.dead == [A]
    assert queue.next_due() is None


def test_only_another_reason_is_news_of_a_buried_primary() -> None:
    queue = PassQueue()
    queue.add(A, "edit", now=0.0)
    queue.next(0.0)
    before = queue.is_news(A, "broken")
    queue.bury(A, "broken")

    assert before
    assert not queue.is_news(A, "broken")
    assert queue.is_news(A, "broken otherwise")


def test_an_edit_brings_a_buried_primary_back() -> None:
    queue = PassQueue()
    queue.add(A, "edit", now=0.0)
    queue.next(0.0)
    queue.bury(A, "broken")

    queue.add(A, "edit", now=0.0)

    assert queue.dead == []
    assert queue.next(0.0) == Job(A, "edit", "", 1)


def test_an_edit_that_came_while_its_primary_was_buried_has_all_its_tries() -> None:
    queue = PassQueue()
    queue.add(A, "edit", now=0.0)
    queue.next(0.0)
    queue.add(A, "edit", now=0.0)
    queue.bury(A, "broken")

    job = queue.next(0.0)
    queue.failed(A, now=0.0, jitter=0.0)

    assert job == Job(A, "edit", "", 1)
    assert queue.dead == []
    assert queue.next_due() == 1.0


def test_what_should_come_later_comes_at_its_time() -> None:
    queue = PassQueue()
    queue.add_later(A, "fact", 5.0)
    queue.add_later(A, "fact", 3.0)
    queue.add_later(A, "fact", 9.0)

    queue.wake(3.0)

    assert [job.trigger for job in drain(queue)] == ["fact"]
    queue.wake(10.0)
    assert not queue.has_ready


def test_what_waits_already_needs_no_later_pass() -> None:
    queue = PassQueue()
    queue.add(A, "edit", now=0.0)

    queue.add_later(A, "fact", 3.0)

    assert queue.next_due() is None


def test_a_timer_that_comes_while_its_primary_runs_makes_one_more_pass() -> None:
    queue = PassQueue()
    queue.add(A, "edit", now=0.0)
    queue.next(0.0)
    queue.add_later(A, "fact", 3.0)

    queue.wake(3.0)
    queue.done(A)

    assert [job.trigger for job in drain(queue)] == ["fact"]


def test_what_was_queued_for_later_while_a_pass_ran_is_not_put_off_by_its_outcome() -> None:
    queue = PassQueue()
    queue.add(A, "edit", now=0.0)
    queue.next(0.0)
    queue.add_later(A, "child", 3.0, cause="event-7")

    queue.asked(A, timedelta(minutes=5), now=1.0)
    queue.wake(3.0)

    [job] = drain(queue)
    assert (job.trigger, job.cause) == ("child", "event-7")


def test_tells_how_long_the_oldest_waits_and_runs() -> None:
    queue = PassQueue()
    queue.add(A, "edit", now=1.0)
    queue.add(A, "edit", now=2.0)
    queue.add(B, "sweep", now=3.0)

    before = (queue.longest_wait(5.0), queue.longest_pass(5.0), queue.running)
    queue.next(5.0)
    after = (queue.longest_wait(6.0), queue.longest_pass(6.0), queue.running)
    queue.next(6.0)

    assert before == (4.0, 0.0, 0)
    assert after == (3.0, 1.0, 1)
    assert queue.longest_wait(9.0) == 0.0


def test_a_replay_of_a_dead_primary_has_all_its_tries_again() -> None:
    queue = PassQueue()
    queue.add(A, "edit", now=0.0)
    queue.next(0.0)
    queue.bury(A, "broken")

    queue.add(A, "replay", now=1.0)
    job = queue.next(1.0)

    assert job is not None
    assert (job.trigger, job.attempt) == ("replay", 1)
    assert queue.dead == []
