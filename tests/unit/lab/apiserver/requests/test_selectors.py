"""Selectors pick what they say, and are refused in the genuine words."""

import pytest

from lab.apiserver.errors import ApiError
from lab.apiserver.requests.selectors import EVERYTHING, selector
from tests.unit.lab.apiserver.clusters import a_widget_resource

LABELS = {"app": "x", "tier": "1"}


@pytest.mark.parametrize(
    ("text", "picked"),
    [
        ("app=x", True),
        ("app==x", True),
        ("app!=x", False),
        ("other!=x", True),
        ("app in (x, y)", True),
        ("app notin (x)", False),
        ("other notin (x)", True),
        ("app", True),
        ("!app", False),
        ("!other", True),
        ("tier>0", True),
        ("tier<1", False),
        ("app>0", False),
        ("app=x,tier in (1,2)", True),
        ("app=x,tier=2", False),
        ("app=", False),
    ],
)
def test_labels_are_compared_as_the_selector_says(text: str, picked: bool) -> None:
    assert selector(text, "", a_widget_resource()).matches(LABELS, {}, "n", "a") is picked


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a===", "unable to parse requirement: found '=', expected: identifier"),
        ("a in x", "unable to parse requirement: found 'x' expected: '('"),
        ("a=b c", "found 'c', expected: ',' or 'end of string'"),
        ("-bad-=1", 'unable to parse requirement: <nil>: Invalid value: "-bad-": name part must consist of'),
        ("a in (x", "unable to parse requirement: found '', expected: ',', or ')'"),
    ],
)
def test_a_label_selector_that_cannot_be_read_is_refused(text: str, told: str) -> None:
    with pytest.raises(ApiError) as refused:
        selector(text, "", a_widget_resource())

    assert refused.value.code == 400
    assert refused.value.message.startswith(told)


@pytest.mark.parametrize(
    ("text", "picked"),
    [
        ("metadata.name=a", True),
        ("metadata.name!=a", False),
        ("metadata.namespace=n", True),
        ("spec.color=red", True),
        ("spec.color=", False),
        ("spec.color=red,metadata.name=b", False),
    ],
)
def test_fields_are_compared_as_the_selector_says(text: str, picked: bool) -> None:
    chosen = selector("", text, a_widget_resource())

    assert chosen.matches({}, {"spec.color": "red"}, "n", "a") is picked


def test_a_field_that_nobody_declared_is_refused() -> None:
    with pytest.raises(ApiError, match=r"field label not supported: spec\.size"):
        selector("", "spec.size=1", a_widget_resource())


def test_no_selector_is_everything() -> None:
    assert selector("", "", a_widget_resource()) is EVERYTHING
