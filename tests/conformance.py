"""Finds the conformance data: recorded output and specification that live outside this repository.

The only module that reads DYNAMO_CONFORMANCE. Invariant: nothing found means that the tests which need it skip, and the
run says how many; a variable that names a wrong folder fails the run; `off` skips on purpose.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

VARIABLE = "DYNAMO_CONFORMANCE"
OFF = "off"
NOT_FOUND = f"conformance data not found: set {VARIABLE}"
SWITCHED_OFF = f"conformance data switched off: {VARIABLE}={OFF}"
MARK_OF_THE_FOLDER = Path("data/goldens/README.md")
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Conformance:
    """The folders of the conformance data."""

    folder: Path

    @property
    def data(self) -> Path:
        """Recorded requests, manifests and output."""
        return self.folder / "data"

    @property
    def spec(self) -> Path:
        """The specification."""
        return self.folder / "spec"

    @property
    def tools(self) -> Path:
        """Programs that check from outside."""
        return self.folder / "tools"


class WrongConformanceFolderError(Exception):
    """DYNAMO_CONFORMANCE is set and holds no conformance data."""


def find_conformance(environment: Mapping[str, str], beside: Path) -> Conformance | str:
    """Return the conformance data, or the sentence with which tests skip."""
    named = environment.get(VARIABLE)
    if named == OFF:
        return SWITCHED_OFF
    folder = Path(named) if named else beside
    if (folder / MARK_OF_THE_FOLDER).is_file():
        return Conformance(folder)
    if named:
        raise WrongConformanceFolderError(f"{VARIABLE}={named}: {MARK_OF_THE_FOLDER} is not in it")
    return NOT_FOUND


def conformance_here() -> Conformance | str:
    """Return the conformance data of this checkout, or the sentence with which tests skip."""
    return find_conformance(os.environ, beside=ROOT.parent / "shared")


@pytest.fixture(scope="session")
def conformance() -> Conformance:
    """The conformance data; the test skips where there is none."""
    found = conformance_here()
    if isinstance(found, str):
        pytest.skip(found)
    return found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """End the run with the number of tests that had no conformance data."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if _lacked_conformance(report)]
    if skipped:
        terminalreporter.write_line(f"{len(skipped)} tests skipped without conformance data (set {VARIABLE})")


def _lacked_conformance(report: pytest.TestReport) -> bool:
    return any(reason in str(report.longrepr) for reason in (NOT_FOUND, SWITCHED_OFF))
