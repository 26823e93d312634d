"""Marks are read from the text of the tests."""

from pathlib import Path

import pytest

from scripts.rule_marks import UnreadableMarkError, marks


@pytest.mark.parametrize(
    ("source", "found"),
    [
        pytest.param('@pytest.mark.rule("W-1", "workloads 3.4")\ndef test(): ...', {"W-1", "workloads 3.4"}, id="test"),
        pytest.param('pytestmark = [pytest.mark.rule("W-1")]', {"W-1"}, id="module"),
        pytest.param('CASES = [pytest.param(1, marks=pytest.mark.rule("W-1"))]', {"W-1"}, id="one case of a table"),
        pytest.param(
            '@pytest.mark.rule(*(f"T-{row}" for row in range(1, 3)))\ndef test(): ...', {"T-1", "T-2"}, id="a range"
        ),
        pytest.param("def test(): ...", set(), id="none"),
    ],
)
def test_marks_are_read_without_running_the_tests(tmp_path: Path, source: str, found: set[str]) -> None:
    (tmp_path / "test_one.py").write_text(f"import nowhere\n\n{source}\n")

    assert marks(tmp_path) == found


def test_a_mark_whose_words_are_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text("@pytest.mark.rule(RULE)\ndef test(): ...\n")

    with pytest.raises(UnreadableMarkError, match=r"test_one\.py:1"):
        marks(tmp_path)
