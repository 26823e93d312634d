"""Query parameters become options, or a refusal that names the parameter."""

import pytest

from lab.apiserver.errors import ApiError
from lab.apiserver.requests.options import delete_options, flag, list_options, write_options


def test_the_manager_is_the_user_agent_up_to_the_slash() -> None:
    assert write_options({}, [], "kubectl/v1.37 (linux)", "CreateOptions").manager == "kubectl"
    assert write_options({"fieldManager": "me"}, [], "kubectl/v1", "CreateOptions").manager == "me"


@pytest.mark.parametrize(("text", "meant"), [("1", True), ("", True), ("banana", True), ("0", False), ("False", False)])
def test_everything_but_three_words_is_true(text: str, meant: bool) -> None:
    assert flag(text) is meant


@pytest.mark.parametrize(
    ("query", "dry_run", "field"),
    [
        pytest.param({}, ["yes"], "dryRun", id="dry run takes only All"),
        pytest.param({"fieldManager": "x" * 129}, [], "fieldManager", id="a long manager"),
        pytest.param({"fieldManager": "a\u0007"}, [], "fieldManager", id="an unprintable manager"),
        pytest.param({"fieldValidation": "Loose"}, [], "fieldValidation", id="an unknown validation"),
    ],
)
def test_write_options_name_what_is_wrong(query: dict[str, str], dry_run: list[str], field: str) -> None:
    with pytest.raises(ApiError) as refused:
        write_options(query, dry_run, "agent", "CreateOptions")

    assert refused.value.status()["details"]["causes"][0]["field"] == field


def test_a_body_of_delete_options_counts_before_the_query() -> None:
    body = {"propagationPolicy": "Orphan", "preconditions": {"uid": "u", "resourceVersion": "7"}}

    options = delete_options({"propagationPolicy": "Foreground"}, [], body)

    assert (options.propagation, options.uid, options.version) == ("Orphan", "u", "7")


@pytest.mark.parametrize(("orphan", "policy"), [("true", "Orphan"), ("false", "Background")])
def test_the_old_way_to_orphan_still_works(orphan: str, policy: str) -> None:
    assert delete_options({"orphanDependents": orphan}, [], None).propagation == policy


@pytest.mark.parametrize(
    ("query", "watching"),
    [
        pytest.param({"resourceVersionMatch": "Exact"}, False, id="a match without a version"),
        pytest.param({"resourceVersion": "0", "resourceVersionMatch": "Exact"}, False, id="exactly any version"),
        pytest.param({"sendInitialEvents": "true"}, False, id="initial events of a list"),
        pytest.param({"sendInitialEvents": "true"}, True, id="initial events without a match"),
        pytest.param({"continue": "x"}, True, id="a watch cannot be continued"),
    ],
)
def test_list_options_that_contradict_each_other_are_refused(query: dict[str, str], watching: bool) -> None:
    with pytest.raises(ApiError) as refused:
        list_options(query, watching=watching)

    assert refused.value.code == 422
