from __future__ import annotations

import pytest

from tests.bench.plans import DEFAULT, Case, PlanError, case, plan


def test_a_name_says_what_is_measured() -> None:
    assert case("1000x5:5:3+edits+rest") == Case(1000, 5, 5, 3, ("edits", "rest"))


@pytest.mark.parametrize("name", ["30:0", "1000x5:5", "300:5:3", "12x4:7:2"])
def test_a_case_has_the_name_that_it_was_read_from(name: str) -> None:
    assert case(f"{name}+rest").name == name


@pytest.mark.parametrize("text", ["30", "30:5+sleep", "x5:0", "30:5:"])
def test_an_unreadable_case_is_refused(text: str) -> None:
    with pytest.raises(PlanError, match=text.partition("+")[0]):
        plan([text])


def test_without_names_the_default_set_is_measured() -> None:
    assert plan([]) == DEFAULT


def test_every_pod_of_a_case_finds_a_node() -> None:
    assert case("300:5").nodes == "2x8xH100,13xcpu"
