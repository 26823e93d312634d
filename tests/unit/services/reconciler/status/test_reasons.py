"""The list of reasons holds exactly those that the code gives."""

from __future__ import annotations

from collections import Counter
from fnmatch import fnmatchcase

from services.reconciler.status.reasons import REASONS
from tests.unit.services.reconciler.status.reasons_in_code import reasons_in_code

ANY = "<Kind>"
ANY_CHANGE = "**"  # verb and kind of a change, which are all computed
CHANGES = {"Create<Kind>", "Update<Kind>", "Delete<Kind>"}


def test_every_reason_in_the_code_is_listed() -> None:
    listed = [reason.code.replace(ANY, "*") for reason in REASONS]

    missing = [found for found in reasons_in_code() if not any(fnmatchcase(each, found) for each in listed)]

    assert sorted(missing) == [], "describe them in services/reconciler/status/reasons.py, then run `make docs`"


def test_every_listed_reason_is_given_somewhere() -> None:
    found = reasons_in_code() - {ANY_CHANGE}

    stale = [
        reason.code
        for reason in REASONS
        if reason.code not in CHANGES and not any(fnmatchcase(reason.code.replace(ANY, "*"), each) for each in found)
    ]

    assert stale == [], "remove them from services/reconciler/status/reasons.py, then run `make docs`"


def test_a_reason_is_listed_once_and_in_whole_sentences() -> None:
    counts = Counter(reason.code for reason in REASONS)

    assert [code for code, count in counts.items() if count > 1] == []
    assert [reason.code for reason in REASONS if not reason.meaning.endswith(".")] == []
    assert [reason.code for reason in REASONS if reason.remedy and not reason.remedy.endswith(".")] == []
