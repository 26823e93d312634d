"""`make bench`: measure all cases, compare their costs with the committed record, and write page and record."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.bench.comparison import LIMIT, is_same_machine, regressions
from tests.bench.figures import Figures, Record, read_record, write_record
from tests.bench.machine import description
from tests.bench.page import report, with_figures
from tests.bench.plans import ALONE, DEFAULT, ON_A_STACK, PlanError, plan

ROOT = Path(__file__).resolve().parents[2]
PAGE, RECORD = ROOT / "docs" / "performance.md", ROOT / "docs" / "performance.json"
CASE_LIMIT = 900.0  # seconds that one case may take
EPILOG = f"""
A CASE is GRAPHS[xCOMPONENTS]:LATENCY_MS[:RECONCILERS][+MEASURE...], or one of {", ".join(ALONE)}.
Measures, taken in their order when all graphs are there: {", ".join(ON_A_STACK)}.
Without a CASE: {" ".join(DEFAULT)}

The exit code is 1 when a case failed, or when CPU seconds or requests per graph are more than {LIMIT:.0%} above
docs/performance.json. A failed case keeps its former figures; with a regression nothing is written, unless --accept
says that it is meant to be so.
"""


def main(arguments: list[str]) -> int:
    """Run as the command line asks."""
    given = _parser().parse_args(arguments)
    try:
        chosen = plan(given.cases)
    except PlanError as error:
        print(error, file=sys.stderr)
        return 2
    before = read_record(RECORD) or Record("")
    after = Record(description(), tuple(_measured(chosen)))
    whole = replace(after, cases=before.merged(each for each in after.cases if not each.failures))
    print(report(replace(after, cases=before.merged(after.cases))))
    grown = regressions(before, after)
    failures = [f"{each.case}: {failure}" for each in after.cases for failure in each.failures]
    for line in (*failures, *(f"REGRESSION {each}" for each in grown)):
        print(line, file=sys.stderr)
    if before.cases and not is_same_machine(before, after):
        print(f"CPU is not compared: the record is of another machine ({before.machine})", file=sys.stderr)
    if given.record and (given.accept or not grown):
        write_record(RECORD, whole)
        PAGE.write_text(with_figures(PAGE.read_text(), report(whole)))
    return 1 if failures or (grown and not given.accept) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Measure whole stacks and compare what they cost with docs/performance.json.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("cases", nargs="*", metavar="CASE", help="what to measure")
    parser.add_argument("--record", action="store_true", help="write docs/performance.md and docs/performance.json")
    parser.add_argument("--accept", action="store_true", help="record figures although they are a regression")
    return parser


def _measured(names: tuple[str, ...]) -> list[Figures]:
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(names):
            print(f"measuring {name} ...", file=sys.stderr, flush=True)
            found.append(_run(name, Path(folder) / f"{number}.json"))
    return found


def _run(name: str, file: Path) -> Figures:
    """Measure one case in a process of its own; what it measured before it failed is kept."""
    try:
        command = [sys.executable, "-m", "tests.bench.worker", name, str(file)]
        code = subprocess.run(command, timeout=CASE_LIMIT, check=False).returncode
        failures: tuple[str, ...] = (f"ended with exit code {code}, for the reason above",) if code else ()
    except subprocess.TimeoutExpired:
        failures = (f"was ended after {CASE_LIMIT:g} s",)
    written = read_record(file)
    figures = written.cases[0] if written is not None else Figures(name.partition("+")[0])
    return replace(figures, failures=failures)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
