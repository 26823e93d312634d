"""Every rule of the specification has a test or a reason, and every mark points at a rule."""

from __future__ import annotations

from scripts.rule_coverage import NOT_OURS, ROOT, excluded, findings, read
from scripts.rule_marks import marks
from tests.conformance import Conformance


def test_nothing_is_missing_and_no_mark_points_nowhere(conformance: Conformance) -> None:
    documents = [read(path) for path in [*conformance.spec.glob("*.md"), conformance.folder / "design.md"]]

    found = findings(documents, marks(ROOT / "tests"), excluded(NOT_OURS.read_text(encoding="utf-8")))

    assert found == []
