"""The figures of docs/drills.md from the records of a run: pure, from records to Markdown.

Every row that is known stands on the page; one without a record is called not run. Several records of the same outage
become one line with the longest times, because a user has to count on the worst. Invariant: every number on the page
was recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from tests.chaos.records import FAILURE_MODEL, PERTURBATIONS, ROWS, Drill, Measure, Row

BEGIN, END = "<!-- figures: written by make drill -->", "<!-- end of figures -->"
SECTIONS = (
    ("Parts that are stopped", lambda row: row.source == FAILURE_MODEL),
    ("Clusters of servers, disks, clocks, owners, input", lambda row: row.source not in (FAILURE_MODEL, PERTURBATIONS)),
    ("Perturbations", lambda row: row.source == PERTURBATIONS),
)
HEADS = ("stopped or perturbed", "must hold", "graphs that serve", "new graphs and edits", "whole again", "runs")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of all drills, as the page introduces it."""

    machine: str
    day: date
    passes: int
    longest: timedelta  # of one pass


def figures(run: Run, drills: Iterable[Drill]) -> str:
    """Return the generated part of the page."""
    merged = worst_of_each(drills)
    passes = "one pass" if run.passes == 1 else f"{run.passes} passes in a row"
    minutes = run.longest.total_seconds() / 60
    lines = [f"Machine: {run.machine}. {run.day}, {passes}, every test passed; {minutes:.0f} minutes for a pass."]
    for title, belongs in SECTIONS:
        lines += ["", f"### {title}", "", _line(HEADS), _line(["---"] * len(HEADS))]
        for row in ROWS:
            if belongs(row):
                lines += _row_lines(row, [each for each in merged if each.row == row.id])
    return "\n".join(lines)


def into_page(page: str, generated: str) -> str:
    """Return a page with the generated part replaced."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{generated}\n\n{END}{after}"


def worst_of_each(drills: Iterable[Drill]) -> list[Drill]:
    """Return one drill for each outage: the longest times of all its runs, and how many there were."""
    found: dict[tuple[str, str, timedelta, str], Drill] = {}
    for each in drills:
        key = (each.row, each.stopped, each.outage, each.on)
        former = found.get(key)
        found[key] = each if former is None else _worse(former, each)
    return list(found.values())


def _worse(one: Drill, other: Drill) -> Drill:
    return replace(
        other,
        edits=_longest(one.edits, other.edits),
        whole=_longest(one.whole, other.whole),
        runs=one.runs + other.runs,
    )


def _longest(one: Sequence[Measure], other: Sequence[Measure]) -> tuple[Measure, ...]:
    found: dict[str, Measure] = {}
    for each in (*one, *other):
        if each.what not in found or each.took > found[each.what].took:
            found[each.what] = each
    return tuple(found.values())


def _row_lines(row: Row, drills: Sequence[Drill]) -> list[str]:
    name = f"{row.id}: {row.what}" if row.source == PERTURBATIONS else row.what
    if not drills:
        return [_line([name, row.must_hold, "not run", "", "", "0"])]
    return [_line([name, row.must_hold, *_cells(each)]) for each in drills]


def _cells(drill: Drill) -> list[str]:
    lasted = f", {_duration(drill.outage)}" if drill.outage else ""
    serving = "; ".join(each for each in (f"*{drill.stopped}{lasted}*", drill.serving, drill.held) if each)
    runs = f"{drill.runs:,} on {drill.on}"
    return [serving, _measures(drill.edits), _measures(drill.whole), runs]


def _measures(measures: Sequence[Measure]) -> str:
    return "<br>".join(map(_measure, measures))


def _measure(measure: Measure) -> str:
    text = f"{measure.what}: {measure.took.total_seconds():.2f} s"
    if measure.bar is None:
        return text
    bar = f"{measure.bar.total_seconds():g} s"
    return f"{text} (**over** {bar})" if measure.is_missed else f"{text} (at most {bar})"


def _duration(value: timedelta) -> str:
    seconds = value.total_seconds()
    return f"{seconds / 60:g} min" if seconds >= 60 and seconds % 60 == 0 else f"{seconds:g} s"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(each.replace("|", "\\|") for each in cells) + " |"
