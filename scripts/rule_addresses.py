"""Read the addresses of a document's rules: what a test can name in `@pytest.mark.rule`.

A document is read by its form alone, so an address moves only when the document does. The grammar:

- a row of a table whose first cell begins with an id, in a section or above all: the id (`W-12`; `T-NS-1..3` is three);
- any other row: document, section and first cell without backticks and asterisks (`workloads 7.2 spec.strategy`); a
  first cell that comes again in the same section gets its number (`workloads 3.4 not false (2)`);
- a paragraph or list item: its number in the section, prose and items counted together from 1, tables and code blocks
  not counted (`workloads 4.4 #2`); text above the first subsection belongs to the section itself (`workloads 2 #1`);
- a case of a checklist (`Word: case · case`): section, heading and number of the case (`workloads 12 LWS #3`);
- a section itself (`workloads 10.3`), which names worked examples and is too coarse to count elsewhere.

Separate from the comparison with the tests because this half knows documents only. Invariant: no two rules of one
document have the same address.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

ID = r"(?P<id>[A-Z]{1,3}(?:-[A-Z]{1,3})?-[A-Z]?\d{1,3})"
_ID = re.compile(ID)
_ID_CELL = re.compile(rf"{ID}(?:\.\.(?P<last>\d+))?(?: .*)?")
_SECTION = re.compile(r"#{2,4} (?P<number>\d+(?:\.(?:\d+|x))*)\.? ")
_HEADING = re.compile(r"#{1,6} ")
_ITEM = re.compile(r"(?:[-*]|\d+\.) ")
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_CASES = re.compile(r"(?P<heading>[^:·]{1,40}): (?P<cases>.+)")
_CASE_BORDER = " · "
_CHECKLIST = "12"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a document: its address, the section that holds it, and how it begins, for people to recognise it."""

    address: str
    section: str
    text: str

    @property
    def is_identified(self) -> bool:
        """Say whether the rule has an id, which needs no document's name."""
        return _ID.fullmatch(self.address) is not None


@dataclass(frozen=True, slots=True)
class _Block:
    """A row of a table (`cell` is its first cell) or a paragraph or list item (`cell` is None)."""

    cell: str | None
    text: str


def sections(document: str, text: str) -> set[str]:
    """Return the addresses of the document's numbered sections."""
    return {f"{document} {number}" for number, _ in _sections(text) if number}


def rules(document: str, text: str) -> list[Rule]:
    """Return the rules of a document, in its order."""
    found = [rule for number, lines in _sections(text) for rule in _rules_of(document, number, lines)]
    return [rule for rule in found if rule.section or rule.is_identified]


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield number and lines of each section; first the lines above all, under no number."""
    number, lines = "", list[str]()
    for line in text.splitlines():
        match = _SECTION.match(line)
        if match is None:
            lines.append(line)
            continue
        yield number, lines
        number, lines = match["number"], []
    yield number, lines


def _rules_of(document: str, number: str, lines: list[str]) -> Iterator[Rule]:
    cells = Counter[str]()
    prose = 0
    for block in _blocks(lines):
        if block.cell is None:
            prose += 1
            yield from _prose(document, number, prose, block.text)
        elif match := _ID_CELL.fullmatch(block.cell):
            yield from (Rule(each, number, block.text) for each in _ids(match["id"], match["last"]))
        else:
            cells[block.cell] += 1
            again = f" ({cells[block.cell]})" if cells[block.cell] > 1 else ""
            yield Rule(f"{document} {number} {block.cell}{again}", number, block.text)


def _ids(first: str, last: str | None) -> list[str]:
    stem, _, number = first.rpartition("-")
    return [f"{stem}-{each}" for each in range(int(number), int(last) + 1)] if last else [first]


def _prose(document: str, number: str, count: int, text: str) -> Iterator[Rule]:
    match = _CASES.fullmatch(text) if number == _CHECKLIST else None
    if match is None:
        yield Rule(f"{document} {number} #{count}", number, text)
        return
    for index, case in enumerate(match["cases"].split(_CASE_BORDER), start=1):
        yield Rule(f"{document} {number} {match['heading']} #{index}", number, case)


def _blocks(lines: list[str]) -> Iterator[_Block]:
    """Yield rows and prose; headings without a number and code blocks end a paragraph and are none."""
    prose: list[str] = []
    rows_above = 0
    is_code = False
    for line in [*lines, ""]:
        text = line.strip()
        is_fence = text.startswith("```")
        is_row = not is_code and text.startswith("|")
        if is_code or is_fence or is_row or not text or _HEADING.match(line) or _ITEM.match(text):
            if prose:
                yield _Block(None, " ".join(prose))
            prose = []
        rows_above = rows_above + 1 if is_row else 0
        if is_fence:
            is_code = not is_code
        elif is_row and rows_above > 2:  # below the heads of the columns and the line under them
            yield _Block(_first_cell(text), text)
        elif text and not is_code and not is_row and not _HEADING.match(line):
            prose.append(text)


def _first_cell(row: str) -> str:
    cell = _CELL_BORDER.split(row.strip("|"))[0]
    return cell.replace("`", "").replace("**", "").replace("\\|", "|").strip()
