"""Run every test folder in turn and print what each took beside its budget (`make test`).

One process for each folder, so that servers are started once per folder and a hanging folder is named; the unit tests,
which need no servers, in two halves at once. Every folder is run even when an earlier one failed; the exit code is 1 if
any did. Folders may be named on the command line, options go to pytest.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
BUDGETS = {  # seconds on two cores
    "unit": 15,
    "servers": 25,
    "contract": 90,
    "integration": 120,
    "e2e": 180,
    "parity": 15,
    "chaos": 120,
    "charts": 60,
}
HALVES = {"unit": [["lab", "cli", "scripts", "bench"], ["services", "shared"]]}  # subfolders that run beside each other
PASSED, NO_TESTS = 0, 5


@dataclass(frozen=True, slots=True)
class Run:
    """One folder's run."""

    folder: str
    seconds: float
    code: int

    @property
    def is_fine(self) -> bool:
        """Return whether nothing failed."""
        return self.code == PASSED

    @property
    def line(self) -> str:
        """Return the folder's line of the summary."""
        budget = BUDGETS.get(self.folder, 0)
        verdict = "passed" if self.is_fine else "FAILED"
        over = f"  (over its budget of {budget} s)" if budget and self.seconds > budget else ""
        return f"{self.folder:<12} {verdict}  {self.seconds:6.1f} s of {budget} s{over}"


def main(arguments: list[str]) -> int:
    """Run the folders that are named, else all that hold tests; options go to pytest."""
    named = [each for each in arguments if each in BUDGETS]
    options = [each for each in arguments if each not in BUDGETS]
    folders = named or [name for name in BUDGETS if any((TESTS / name).rglob("test_*.py"))]
    runs = [_run(folder, options) for folder in folders]
    print()
    for run in runs:
        print(run.line)
    print(f"{'all':<12} {'':6}  {sum(run.seconds for run in runs):6.1f} s of {sum(BUDGETS.values())} s")
    return 0 if all(run.is_fine for run in runs) else 1


def _run(folder: str, options: list[str]) -> Run:
    print(f"== tests/{folder}", flush=True)
    began = time.monotonic()
    parts = [[str(TESTS / folder / each) for each in half] for half in HALVES.get(folder, [])]
    with ThreadPoolExecutor(max_workers=2) as pool:
        codes = list(pool.map(lambda paths: _pytest(paths, options), parts or [[str(TESTS / folder)]]))
    return Run(folder, time.monotonic() - began, max(codes))


def _pytest(paths: list[str], options: list[str]) -> int:
    command = [sys.executable, "-m", "pytest", "-q", *paths, *options]
    code = subprocess.run(command, check=False).returncode
    return PASSED if code == NO_TESTS else code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
