from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.bars import Bar, of, speed_of_three
from tests.bench.figures import Figures, Record, read_record, write_record
from tests.bench.page import BEGIN, END, report, with_figures
from tests.bench.percentiles import percentile

ROLL_OUT = Bar("a roll-out", of("300:5", "successful_s"), "s", 58.5, 20, 10)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        pytest.param(9.0, "moonshot met", id="below the moonshot"),
        pytest.param(20.0, "met", id="at the bar"),
        pytest.param(30.0, "not met: 1.50 times the bar", id="above the bar"),
    ],
)
def test_a_verdict_says_by_how_much_a_bar_is_missed(found: float, verdict: str) -> None:
    assert ROLL_OUT.verdict(found) == verdict


def test_of_a_factor_more_is_better() -> None:
    factor = Bar("a factor", speed_of_three, "times", None, 2, 2.8, is_more_better=True)

    assert [factor.verdict(each) for each in (1.0, 2.0, 3.0)] == ["not met: 50%", "met", "moonshot met"]


def test_what_was_not_measured_is_said() -> None:
    assert "| not measured |" in report(Record("a machine"))


def test_the_report_holds_the_figures_of_a_case() -> None:
    figures = Figures("300:5", values={"graphs": 300.0, "successful_s": 12.5}, cpu_seconds={"watcher": 0.0253})

    text = report(Record("a machine", (figures,)))

    assert "| 12.5 s | met |" in text
    assert "| watcher | 25.3 |" in text


def test_only_what_is_between_the_marks_is_replaced() -> None:
    assert with_figures(f"a\n{BEGIN}\nold\n{END}\nb\n", "new") == f"a\n{BEGIN}\n\nnew\n\n{END}\nb\n"


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    record = Record("a machine", (Figures("30:0", values={"graphs": 30.0}, failures=("why",)),))

    write_record(file, record)

    assert read_record(file) == record


def test_a_newer_case_takes_the_place_of_the_older() -> None:
    old = Record("a machine", (Figures("30:0"), Figures("30:5")))

    assert old.merged([Figures("30:5", values={"graphs": 30.0})]) == (
        Figures("30:0"),
        Figures("30:5", values={"graphs": 30.0}),
    )


@pytest.mark.parametrize(("share", "found"), [(0.5, 2.0), (0.99, 4.0), (0.0, 1.0)])
def test_a_percentile_is_a_value_that_was_measured(share: float, found: float) -> None:
    assert percentile([4.0, 1.0, 2.0, 3.0], share) == found


@pytest.mark.parametrize(
    ("values", "warning"),
    [
        pytest.param({"others_share": 0.05}, "a machine.", id="a quiet machine"),
        pytest.param({"others_share": 0.54}, "up to 54% of all cores", id="a busy one"),
        pytest.param({}, "was not looked at", id="nobody looked"),
    ],
)
def test_figures_of_a_busy_machine_say_so(values: dict[str, float], warning: str) -> None:
    figures = Figures("300:5", values={"graphs": 300.0, "successful_s": 12.5, **values})

    assert warning in report(Record("a machine", (figures,))).partition("\n")[0]
