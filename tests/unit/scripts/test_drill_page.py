"""The page of drills shows the worst of what was recorded, and what was not run."""

from datetime import date, timedelta

from scripts.drill_page import BEGIN, END, Run, figures, into_page, worst_of_each
from tests.chaos.records import ROWS, Drill, Measure

RUN = Run("a machine", date(2026, 1, 2), 2, timedelta(minutes=14))
BAR = timedelta(seconds=10)


def a_drill(seconds: float, *, stopped: str = "the watcher", runs: int = 1) -> Drill:
    """Return a drill of the watcher whose edit took some seconds."""
    edit = Measure("edit carried", timedelta(seconds=seconds), BAR, "a source")
    return Drill("watcher", stopped, "63 objects: 0 writes", timedelta(minutes=5), edits=(edit,), runs=runs)


def line_of(page: str, what: str) -> str:
    """Return the line of the table that begins with a row's name."""
    return next(line for line in page.splitlines() if line.startswith(f"| {what} |"))


def test_runs_of_one_outage_become_one_line_with_the_longest_times() -> None:
    (merged,) = worst_of_each([a_drill(1), a_drill(3), a_drill(2, runs=5)])

    assert merged.edits[0].took == timedelta(seconds=3)
    assert merged.runs == 7


def test_another_outage_of_a_row_has_its_own_line() -> None:
    assert len(worst_of_each([a_drill(1), a_drill(1, stopped="both watchers")])) == 2


def test_a_time_stands_beside_its_bar() -> None:
    line = line_of(figures(RUN, [a_drill(3)]), "the watcher")

    assert "*the watcher, 5 min*" in line
    assert "edit carried: 3.00 s (at most 10 s)" in line
    assert "1 on processes" in line


def test_a_missed_bar_is_not_hidden() -> None:
    assert "12.00 s (**over** 10 s)" in figures(RUN, [a_drill(12)])


def test_a_row_without_a_record_is_called_not_run() -> None:
    page = figures(RUN, [])

    assert page.count("not run") == len(ROWS)


def test_the_machine_and_the_passes_are_told() -> None:
    assert "a machine. 2026-01-02, 2 passes in a row, every test passed; 14 minutes" in figures(RUN, [])


def test_what_is_written_by_hand_stays() -> None:
    page = f"above\n{BEGIN}\n\nold\n\n{END}\nbelow\n"

    assert into_page(page, "new") == f"above\n{BEGIN}\n\nnew\n\n{END}\nbelow\n"
