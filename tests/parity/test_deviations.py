"""The list of accepted deviations holds nothing that is not needed."""

from __future__ import annotations

import re

from tests.conformance import Conformance
from tests.parity import scope
from tests.parity.comparison import accepted, applied, by_key, compare, recorded
from tests.parity.test_rendering import made_by_reference, rendered
from tests.parity.test_status import rolled_up, statuses


def met(conformance: Conformance, path: str) -> set[str]:
    """Return the rules by which we differ in one file."""
    documents = applied(conformance, path)
    graphs = [document for document in documents if document["kind"] == "DynamoGraphDeployment"]
    objects = compare(conformance, made_by_reference(conformance, path), by_key(rendered(documents)))
    reported = compare(
        conformance,
        statuses(recorded(conformance, "A-plain", path)),
        statuses(by_key(manifest for graph in graphs for manifest in rolled_up(graph))),
    )
    return {*objects.accepted, *reported.accepted}


def test_each_deviation_is_a_pattern_with_a_rule_and_its_effect() -> None:
    assert [
        entry for entry in accepted() if not (re.compile(entry["match"]) and entry["why"] and entry["effect"])
    ] == []


def test_each_deviation_is_met(conformance: Conformance) -> None:
    found = set[str]().union(*(met(conformance, path) for path in scope.SINGLE_NODE))

    assert found == {entry["why"] for entry in accepted()}
