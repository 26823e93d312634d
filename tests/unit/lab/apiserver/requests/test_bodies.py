"""A body becomes a document, or a refusal that says why."""

import pytest

from lab.apiserver.errors import ApiError
from lab.apiserver.requests.bodies import decode, decode_json, decode_object


def test_duplicate_members_are_named_and_the_last_wins() -> None:
    document, duplicates = decode_json(b'{"spec": {"size": 1, "size": 2, "list": [{"a": 1, "a": 1}]}}')

    assert document["spec"]["size"] == 2
    assert duplicates == ["spec.size", "spec.list[0].a"]


def test_text_that_looks_like_members_is_no_duplicate() -> None:
    assert decode_json(b'{"a": "\\"b\\": \\"b\\":", "c" : 1}')[1] == []


def test_yaml_keeps_dates_as_text() -> None:
    document, _duplicates = decode(b"at: 2026-01-01\nyes: no", "application/yaml")

    assert document["at"] == "2026-01-01"


def test_numbers_beyond_64_bits_become_floating_point_as_in_go() -> None:
    assert decode_json(b'{"n": 123456789012345678901234567890}')[0] == {"n": 1.2345678901234568e29}


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        pytest.param(b"x", "text/plain", 415, id="a media type that is not served"),
        pytest.param(b"", "application/json", 400, id="nothing"),
        pytest.param(b"[]", "application/json", 400, id="a list"),
        pytest.param(b'{"metadata": {}}', "application/json", 400, id="no kind"),
        pytest.param(b"\x00", "application/vnd.kubernetes.protobuf", 415, id="not the binary form"),
    ],
)
def test_what_is_no_object_is_refused(body: bytes, content_type: str, code: int) -> None:
    with pytest.raises(ApiError) as refused:
        decode_object(body, content_type, "Widget")

    assert refused.value.code == code


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"metadata": {"name": "a"}}', id="neither"),
        pytest.param(b'{"apiVersion": "v1", "metadata": {"name": "a"}}', id="the version alone"),
        pytest.param(b'{"kind": "Namespace", "metadata": {"name": "a"}}', id="the kind alone"),
    ],
)
def test_a_body_of_a_built_in_kind_need_not_repeat_what_the_path_says(body: bytes) -> None:
    document, _ = decode_object(body, "application/json", "Namespace", "v1")

    assert document == {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}
