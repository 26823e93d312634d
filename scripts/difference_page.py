"""The page about where this project does on purpose what the reference operator does not, for whoever moves over.

Its source is the list that the parity tests accept differences by. They fail for a difference that is not on the list
and for an entry that nothing needs, so the page is complete and holds nothing that is over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

_KINDS = re.compile(r"(\w*)(?:\(([\w|]*)\))?(\w*)")
ACCEPTED = Path(__file__).resolve().parent.parent / "tests/parity/accepted.json"


def differences() -> Iterator[str]:
    """Yield the page."""
    yield from ("# Differences from the reference operator", "", *_INTRODUCTION, "")
    yield from ("| objects | what differs | rule |", "| --- | --- | --- |")
    rows: dict[tuple[str, str], list[str]] = {}
    for entry in json.loads(ACCEPTED.read_text(encoding="utf-8")):
        found = rows.setdefault((entry["effect"], entry["why"]), [])
        found += [kind for kind in kinds_of(entry["match"]) if kind not in found]
    for (effect, rule), kinds in sorted(rows.items(), key=lambda row: (row[1], row[0])):
        yield f"| {', '.join(kinds)} | {effect} | {rule} |"
    yield ""


def kinds_of(pattern: str) -> list[str]:
    """Return the kinds that a pattern of the list speaks of: its first part is one kind, or several in brackets."""
    before, choice, after = _KINDS.match(pattern).groups()  # type: ignore[union-attr]  # it fits every text
    return [f"{before}{each}{after}" for each in (choice or "").split("|")]


_INTRODUCTION = (
    "A graph that runs under the reference operator runs here without a change. What both make of the same manifests",
    "is compared field by field, status included, for clusters with Deployments alone, with Grove (and KAI), with",
    "LeaderWorkerSet and Volcano, with Istio and every option set, and with etcd discovery. This is everything in",
    "which they differ; each is on purpose. The last column is the rule that the tests name.",
)
