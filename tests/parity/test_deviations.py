"""The list of accepted deviations: each entry says why and what it changes, and none is there that nothing needs."""

from __future__ import annotations

import re

from tests.conformance import Conformance
from tests.parity.clusters import CLUSTERS
from tests.parity.comparison import accepted
from tests.parity.courses import comparisons
from tests.parity.rules import exists


def test_each_deviation_is_a_pattern_with_a_rule_and_its_effect() -> None:
    assert [each for each in accepted() if not (re.compile(each.match) and each.why and each.effect)] == []


def test_each_deviation_is_met_in_some_cluster(conformance: Conformance) -> None:
    met = {
        place
        for cluster in CLUSTERS
        for each in comparisons(conformance, cluster).values()
        for place in each.result.accepted
    }

    assert [each.match for place, each in enumerate(accepted()) if place not in met] == []


def test_each_deviation_names_a_rule_of_the_specification(conformance: Conformance) -> None:
    specification = "\n".join(page.read_text() for page in sorted(conformance.spec.glob("*.md")))

    assert [each.why for each in accepted() if not exists(each.why, specification)] == []
