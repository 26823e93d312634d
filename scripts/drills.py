"""Run the chaos tests in their long form and write what they measured into docs/drills.md (`make drill`).

python -m scripts.drills [--passes N]

A pass that fails ends the run with its exit code, and the page stays as it is: it only ever shows runs in which
everything passed. The records of each pass stay in build/drills.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scripts.drill_page import Run, figures, into_page
from tests.bench.machine import description
from tests.chaos.records import VARIABLE, read_records

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "drills.md"
RECORDS = ROOT / "build" / "drills"


def main(arguments: list[str]) -> int:
    """Run the passes that are asked for, one by default, and write the page when all of them passed."""
    match arguments:
        case []:
            passes = 1
        case ["--passes", number] if number.isdigit() and int(number) > 0:
            passes = int(number)
        case _:
            print("usage: python -m scripts.drills [--passes N]", file=sys.stderr)
            return 2
    RECORDS.mkdir(parents=True, exist_ok=True)
    files = [RECORDS / f"pass-{number}.jsonl" for number in range(1, passes + 1)]
    took = []
    for file in files:
        began = time.monotonic()
        code = _pass(file)
        took.append(timedelta(seconds=time.monotonic() - began))
        if code:
            return code
    drills = [drill for file in files for drill in read_records(file)]
    run = Run(description(), datetime.now(UTC).date(), passes, max(took))
    PAGE.write_text(into_page(PAGE.read_text(encoding="utf-8"), figures(run, drills)), encoding="utf-8")
    print(f"{len(drills)} drills are in {PAGE.relative_to(ROOT)}")
    return 0


def _pass(file: Path) -> int:
    file.write_text("")
    environment = {**os.environ, "DYNAMO_CHAOS": "long", VARIABLE: str(file)}
    command = [sys.executable, "-m", "pytest", "-q", "--durations=15", str(ROOT / "tests" / "chaos")]
    return subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
