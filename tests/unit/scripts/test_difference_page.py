"""The page about differences: which kinds an entry of the list speaks of, and one row for each effect."""

from __future__ import annotations

import pytest

from scripts.difference_page import differences, kinds_of


@pytest.mark.parametrize(
    ("pattern", "kinds"),
    [
        pytest.param("Service/.*-[pd] missing object", ["Service"], id="one kind"),
        pytest.param("(Role|Secret)/.* missing object", ["Role", "Secret"], id="several kinds"),
        pytest.param(
            "Dynamo(Graph|Component)Deployment/.*:status",
            ["DynamoGraphDeployment", "DynamoComponentDeployment"],
            id="kinds with a part in common",
        ),
        pytest.param("(Clique|CliqueSet|)Pod/.*", ["CliquePod", "CliqueSetPod", "Pod"], id="an empty choice"),
    ],
)
def test_a_pattern_names_the_kinds_that_it_speaks_of(pattern: str, kinds: list[str]) -> None:
    assert kinds_of(pattern) == kinds


def test_each_effect_has_one_row() -> None:
    rows = [line for line in differences() if line.startswith("| ")][2:]

    assert rows
    assert len(rows) == len(set(rows))
