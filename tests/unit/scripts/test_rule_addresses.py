"""The address of a rule follows from the document's form."""

import pytest

from scripts.rule_addresses import rules, sections

DOCUMENT = """# Workloads

Words above all, with a list:

- not counted

| # | row above all |
| --- | --- |
| P-01 | counted by its id |
| other | not counted |

## 2. Fields
Words of the section.

### 2.1 Kinds
First paragraph
of two lines.
| Fact | Value |
|---|---|
| `spec.strategy` | one |
| **none** | two |
| `none` | three |
| a \\| b | four |

1. item
   goes on
2. item

```yaml
- not an item

| not | a row |
```
- last item

## 11. Weaknesses
| Id | What |
|---|---|
| W-15 | ports |
| **T-SH-1** | a test row |
| T-NS-1..3 | three rows |
text that speaks of W-99 and | W-98 | in the middle

## 12. Checklist
Backend detection: one · two: halves
· three.

Nothing but words.
"""


def test_every_rule_has_its_address_in_the_order_of_the_document() -> None:
    assert [rule.address for rule in rules("workloads", DOCUMENT)] == [
        "P-01",
        "workloads 2 #1",
        "workloads 2.1 #1",
        "workloads 2.1 spec.strategy",
        "workloads 2.1 none",
        "workloads 2.1 none (2)",
        "workloads 2.1 a | b",
        "workloads 2.1 #2",
        "workloads 2.1 #3",
        "workloads 2.1 #4",
        "W-15",
        "T-SH-1",
        "T-NS-1",
        "T-NS-2",
        "T-NS-3",
        "workloads 11 #1",
        "workloads 12 Backend detection #1",
        "workloads 12 Backend detection #2",
        "workloads 12 Backend detection #3",
        "workloads 12 #2",
    ]


def test_sections_are_the_numbered_headings() -> None:
    assert sections("workloads", DOCUMENT) == {"workloads 2", "workloads 2.1", "workloads 11", "workloads 12"}


@pytest.mark.parametrize(
    ("address", "text"),
    [
        pytest.param("workloads 2.1 #1", "First paragraph of two lines.", id="lines of a paragraph are joined"),
        pytest.param("workloads 2.1 #2", "1. item goes on", id="an indented line belongs to its item"),
        pytest.param("workloads 12 Backend detection #3", "three.", id="a case may begin on the next line"),
    ],
)
def test_a_rule_shows_its_own_text(address: str, text: str) -> None:
    (rule,) = [rule for rule in rules("workloads", DOCUMENT) if rule.address == address]

    assert rule.text == text
