"""Which rules are named by tests is read from the documents and the tests alone."""

from pathlib import Path

import pytest

from scripts.rule_coverage import coverage, marks, unknown

DOCUMENT = """
# Workloads
### 3.4 Which workload
| W-15 | ports |
| **T-SH-1** | a test row |
text that speaks of W-99 and | W-98 | in the middle
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "workloads.md"
    path.write_text(DOCUMENT)
    return path


def test_rules_are_rows_that_begin_with_an_id_and_numbered_sections(document: Path) -> None:
    (found,) = coverage([document], set())

    assert found.rules == {"W-15", "T-SH-1", "workloads 3.4"}


@pytest.mark.parametrize(
    ("mark", "rule"),
    [
        pytest.param("W-15", "W-15", id="an id"),
        pytest.param("workloads W-15", "W-15", id="an id with its document"),
        pytest.param("workloads 3.4", "workloads 3.4", id="a section"),
    ],
)
def test_a_mark_names_a_rule(document: Path, mark: str, rule: str) -> None:
    (found,) = coverage([document], {mark})

    assert found.named == {rule}


def test_a_mark_that_no_document_holds_is_told(document: Path) -> None:
    named = {"W-15", "W-16", "workloads 3.4", "workloads 3.4.1", "workloads 9", "elsewhere 3.4"}

    assert unknown(coverage([document], named), named) == ["W-16", "elsewhere 3.4", "workloads 9"]


def test_marks_are_read_from_the_tests_without_running_them(tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text(
        'import nowhere\n\n@pytest.mark.rule("W-15", "workloads 3.4")\ndef test(): ...\n'
    )

    assert marks(tmp_path) == {"W-15", "workloads 3.4"}
