"""Print which rules of the specification a test names, and which none does (`make coverage-of-rules`).

A rule is what the specification gives an address: a row of a table that begins with an id (`W-15`), or a numbered
section (`workloads 3.4`). A test names it with `@pytest.mark.rule`. The number says how far the work is; it is no bar,
because the specification also holds what is built later.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.conformance import find_conformance

ROOT = Path(__file__).resolve().parent.parent
ID = r"(?P<id>[A-Z]{1,3}(?:-[A-Z]{1,3})?-[A-Z]?\d{1,3})"
ROW = re.compile(rf"^\|\s*\**{ID}\**\s*\|", re.MULTILINE)
SECTION = re.compile(r"^#{2,4} (?P<number>\d+(\.\d+)*)\.? ", re.MULTILINE)
NAMED_ROW = re.compile(rf"(?:\w+ )?{ID}")


@dataclass(slots=True)
class Coverage:
    """The rules of one document, and those that a test names."""

    document: str
    rows: set[str] = field(default_factory=set)
    sections: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)

    @property
    def rules(self) -> set[str]:
        """Return every rule of the document."""
        return self.rows | self.sections

    @property
    def line(self) -> str:
        """Return the document's line of the table."""
        rows, sections = len(self.named & self.rows), len(self.named & self.sections)
        return f"{self.document:<16}{rows:>6} of {len(self.rows):<6}{sections:>6} of {len(self.sections):<6}"


def marks(folder: Path) -> set[str]:
    """Return what the tests below a folder name in `@pytest.mark.rule`."""
    return {mark for path in folder.rglob("*.py") for mark in _marks_in(ast.parse(path.read_text(encoding="utf-8")))}


def coverage(documents: Iterable[Path], named: set[str]) -> list[Coverage]:
    """Return the coverage of each document."""
    ids = {match["id"] for mark in named if (match := NAMED_ROW.fullmatch(mark))}
    found = []
    for path in sorted(documents):
        text = path.read_text(encoding="utf-8")
        one = Coverage(path.stem, rows={match["id"] for match in ROW.finditer(text)})
        one.sections = {f"{path.stem} {match['number']}" for match in SECTION.finditer(text)}
        one.named = one.rows & ids | one.sections & named
        found.append(one)
    return found


def unknown(found: list[Coverage], named: set[str]) -> list[str]:
    """Return what tests name and no document holds: a mistyped address, or a rule that has moved."""
    rows = {row for each in found for row in each.rows}
    documents = {each.document for each in found}
    sections = {section for each in found for section in each.sections}

    def is_known(mark: str) -> bool:
        match = NAMED_ROW.fullmatch(mark)
        if match:
            return match["id"] in rows
        # A numbered point below a section is an address too.
        return mark in sections or (mark.split(" ")[0] in documents and mark.rpartition(".")[0] in sections)

    return sorted(mark for mark in named if not is_known(mark))


def main(arguments: list[str]) -> int:
    """Print the table; with `--missing` also every rule that no test names."""
    if arguments not in ([], ["--missing"]):
        print("usage: python -m scripts.rule_coverage [--missing]", file=sys.stderr)
        return 2
    conformance = find_conformance(os.environ, beside=ROOT.parent / "shared")
    if isinstance(conformance, str):
        print(conformance, file=sys.stderr)
        return 3
    named = marks(ROOT / "tests")
    found = coverage([*conformance.spec.glob("*.md"), conformance.folder / "design.md"], named)
    print(f"{'document':<16}{'rows named by a test':<22}sections named by a test")
    for each in found:
        print(each.line)
    named_rules, rules = (
        sum(map(len, sets)) for sets in zip(*((each.named, each.rules) for each in found), strict=True)
    )
    print(f"{named_rules} of {rules} rules are named by a test")
    for mark in unknown(found, named):
        print(f"no document holds {mark!r}, which a test names")
    if arguments:
        for each in found:
            print(f"\n{each.document}: {', '.join(sorted(each.rules - each.named)) or 'nothing is missing'}")
    return 0


def _marks_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.rule":
            yield from (str(each.value) for each in node.args if isinstance(each, ast.Constant))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
