"""Print the rules of the specification that no test names (`make coverage-of-rules`).

Nothing is printed, and the exit code is 0, when every rule that has to have one is named by a test (`rule_addresses`
says how, `rule_marks` where) or stands in `tests/rules/not-ours.txt` with a reason, and every name points at something.
Which rules have to: the document that a finished issue built whole (`WHOLE`); `--all` adds one line for each other
document. Invariant: a line of `not-ours.txt` that points nowhere, or at a rule that a test names after all, is told.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scripts.rule_addresses import ID, Rule, rules, sections
from scripts.rule_marks import marks
from tests.conformance import find_conformance

ROOT = Path(__file__).resolve().parent.parent
NOT_OURS = ROOT / "tests" / "rules" / "not-ours.txt"
WHOLE = "workloads"
COUNTED_WHOLE = frozenset("123456789")
CHECKLIST = "12"
SHOWN = 90
_NAMED_ROW = re.compile(rf"(?:\w+ )?{ID}")


@dataclass(frozen=True, slots=True)
class Document:
    """The rules and the sections of one document."""

    name: str
    rules: tuple[Rule, ...]
    sections: frozenset[str]

    @property
    def required(self) -> list[Rule]:
        """Return the rules that must have a test: all of sections 1 to 9, the rows with an id, the checklist."""
        if self.name != WHOLE:
            return []
        return [
            rule
            for rule in self.rules
            if rule.is_identified or rule.section.split(".")[0] in COUNTED_WHOLE or rule.section == CHECKLIST
        ]

    def line(self, named: set[str]) -> str:
        """Return how many rows with an id and how many sections tests name."""
        rows = {rule.address for rule in self.rules if rule.is_identified}
        named_sections = {section for section in self.sections if any(_is_below(mark, section) for mark in named)}
        return (
            f"{self.name}: {len(rows & named)} of {len(rows)} rows with an id,"
            f" {len(named_sections)} of {len(self.sections)} sections are named by a test"
        )


def read(path: Path) -> Document:
    """Return the document of a file, under the file's name."""
    text = path.read_text(encoding="utf-8")
    return Document(path.stem, tuple(rules(path.stem, text)), frozenset(sections(path.stem, text)))


def excluded(text: str) -> dict[str, str]:
    """Return address and reason of each line `address: reason`; empty lines and lines that begin with # are none."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return {address.strip(): reason.strip() for address, _, reason in (line.partition(": ") for line in lines)}


def findings(documents: Iterable[Document], marked: set[str], not_ours: dict[str, str]) -> list[str]:
    """Return a sentence for each rule without a test and for each name that points nowhere."""
    found = list(documents)
    named = {_address(mark) for mark in marked}
    required = {rule.address for document in found for rule in document.required}
    known = {rule.address for document in found for rule in document.rules}
    places = known | {section for document in found for section in document.sections}
    return [
        *(
            f"{rule.address}: no test names it | {rule.text[:SHOWN]}"
            for document in found
            for rule in document.required
            if rule.address not in named and rule.address not in not_ours
        ),
        *(f"{mark}: a test names it and no document holds it" for mark in sorted(named - places)),
        *(f"{address}: not-ours.txt names it and no rule has it" for address in not_ours if address not in required),
        *(f"{address}: not-ours.txt gives no reason" for address, reason in not_ours.items() if not reason),
        *(f"{address}: it stands in not-ours.txt and a test names it" for address in not_ours if address in named),
    ]


def main(arguments: list[str]) -> int:
    """Print what is missing; return 0 when nothing is, 1 when something is, 3 without a specification."""
    if arguments not in ([], ["--all"]):
        print("usage: python -m scripts.rule_coverage [--all]", file=sys.stderr)
        return 2
    conformance = find_conformance(os.environ, beside=ROOT.parent / "shared")
    if isinstance(conformance, str):
        print(conformance, file=sys.stderr)
        return 3
    documents = [read(path) for path in sorted([*conformance.spec.glob("*.md"), conformance.folder / "design.md"])]
    marked = marks(ROOT / "tests")
    found = findings(documents, marked, excluded(NOT_OURS.read_text(encoding="utf-8")))
    print("".join(f"{line}\n" for line in found), end="")
    if arguments:
        print("".join(f"{document.line(marked)}\n" for document in documents if document.name != WHOLE), end="")
    return 1 if found else 0


def _address(mark: str) -> str:
    match = _NAMED_ROW.fullmatch(mark)
    return match["id"] if match else mark


def _is_below(mark: str, section: str) -> bool:
    return mark == section or mark.startswith((f"{section}.", f"{section} "))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
