"""A rule without a test, and a name that points nowhere, are found from documents, marks and exclusions alone."""

from pathlib import Path

import pytest

from scripts.rule_coverage import Document, excluded, findings, read

WORKLOADS = """
## 3. Reconcile
### 3.4 Which workload
| Capability | Kind |
|---|---|
| none | Deployment |

One paragraph.
## 10. Worked examples
### 10.1 One
Words.
## 11. Weaknesses
| Id | Weakness |
|---|---|
| W-15 | ports |
## 12. Checklist
Sync: quiet · loud
"""
ADDRESSES = ("workloads 3.4 none", "workloads 3.4 #1", "W-15", "workloads 12 Sync #1", "workloads 12 Sync #2")


@pytest.fixture
def documents(tmp_path: Path) -> list[Document]:
    (tmp_path / "workloads.md").write_text(WORKLOADS)
    (tmp_path / "control.md").write_text("### 4.2 Rights\n| Id | Rule |\n|---|---|\n| RB-01 | verbs |\n")
    return [read(path) for path in sorted(tmp_path.glob("*.md"))]


def test_nothing_is_said_when_every_rule_has_a_test_or_a_reason(documents: list[Document]) -> None:
    assert findings(documents, set(ADDRESSES[:-1]), {ADDRESSES[-1]: "a fact about the reference"}) == []


def test_a_rule_without_a_test_is_told_with_its_text(documents: list[Document]) -> None:
    assert findings(documents, {*ADDRESSES[1:], "workloads 3.4"}, {}) == [
        "workloads 3.4 none: no test names it | | none | Deployment |"
    ]


@pytest.mark.parametrize(
    "mark",
    [
        pytest.param("workloads W-15", id="an id with its document"),
        pytest.param("workloads 10.1", id="a worked example"),
        pytest.param("RB-01", id="a row of another document"),
        pytest.param("control 4.2", id="a section of another document"),
    ],
)
def test_a_mark_that_points_at_a_place_is_in_order(documents: list[Document], mark: str) -> None:
    assert findings(documents, {*ADDRESSES, mark}, {}) == []


@pytest.mark.parametrize(
    "mark", ["W-16", "workloads 3.4 #2", "workloads 3.4.1", "elsewhere 3.4", "workloads 12 LWS #1"]
)
def test_a_mark_that_points_nowhere_is_told(documents: list[Document], mark: str) -> None:
    assert findings(documents, {*ADDRESSES, mark}, {}) == [f"{mark}: a test names it and no document holds it"]


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        pytest.param("W-16: gone", "W-16: not-ours.txt names it and no rule has it", id="a rule that has moved"),
        pytest.param("W-15: no", "W-15: it stands in not-ours.txt and a test names it", id="a rule with a test"),
    ],
)
def test_an_exclusion_that_is_not_needed_is_told(documents: list[Document], line: str, finding: str) -> None:
    assert findings(documents, set(ADDRESSES), excluded(line)) == [finding]


def test_an_exclusion_without_a_reason_is_told(documents: list[Document]) -> None:
    assert findings(documents, set(ADDRESSES[:-1]), excluded(ADDRESSES[-1])) == [
        f"{ADDRESSES[-1]}: not-ours.txt gives no reason"
    ]


def test_exclusions_are_lines_of_address_and_reason() -> None:
    assert excluded("# words\n\nworkloads 2.1 a: b: c\n") == {"workloads 2.1 a": "b: c"}


def test_a_summary_counts_rows_and_sections(documents: list[Document]) -> None:
    control, _ = documents

    assert control.line({"RB-01"}) == "control: 1 of 1 rows with an id, 0 of 1 sections are named by a test"
