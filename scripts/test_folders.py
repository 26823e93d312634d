"""Run every test folder in turn and print what each took beside its budget (`make test`).

One process for each folder, so that servers are started once per folder and a hanging folder is named. Every folder is
run even when an earlier one failed; the exit code is 1 if any did.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
BUDGETS = {  # seconds on two cores
    "unit": 15,
    "servers": 15,
    "contract": 90,
    "integration": 120,
    "e2e": 180,
    "parity": 15,
    "chaos": 120,
    "charts": 60,
}
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
    """Run the folders that hold tests; further arguments go to pytest."""
    folders = [name for name in BUDGETS if any((TESTS / name).rglob("test_*.py"))]
    runs = [_run(folder, arguments) for folder in folders]
    print()
    for run in runs:
        print(run.line)
    print(f"{'all':<12} {'':6}  {sum(run.seconds for run in runs):6.1f} s of 600 s")
    return 0 if all(run.is_fine for run in runs) else 1


def _run(folder: str, arguments: list[str]) -> Run:
    print(f"== tests/{folder}", flush=True)
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", str(TESTS / folder), *arguments]
    code = subprocess.run(command, check=False).returncode
    return Run(folder, time.monotonic() - began, PASSED if code == NO_TESTS else code)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
