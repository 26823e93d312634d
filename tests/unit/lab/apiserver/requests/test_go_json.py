"""What Go says of text that is not JSON; silent exactly when Python can parse it."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.apiserver.requests.go_json import go_syntax_error

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=30)
@given(VALUES)
def test_says_nothing_of_valid_json(value: object) -> None:
    assert go_syntax_error(json.dumps(value)) is None


@settings(max_examples=30)
@given(VALUES, st.integers(1, 20))
def test_says_something_of_every_cut_object(value: object, cut: int) -> None:
    text = json.dumps({"k": value})

    assert go_syntax_error(text[: max(len(text) - cut, 0)]) is not None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "unexpected end of JSON input"),
        ('{"a": ', "unexpected end of JSON input"),
        ("{bad", "invalid character 'b' looking for beginning of object key string"),
        ("hello", "invalid character 'h' looking for beginning of value"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a": 1 "b"}', "invalid character '\"' after object key:value pair"),
        ("[1 2]", "invalid character '2' after array element"),
        ("1 2", "invalid character '2' after top-level value"),
        ("trye", "invalid character 'y' in literal true (expecting 'u')"),
    ],
)
def test_names_the_character_and_where_it_stands(text: str, told: str) -> None:
    assert go_syntax_error(text) == told
