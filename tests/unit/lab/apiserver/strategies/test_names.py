"""Names are judged by the genuine rules."""

import pytest

from lab.apiserver.strategies.names import (
    label_name,
    label_value,
    path_segment,
    qualified_name,
    service_name,
    subdomain,
)


@pytest.mark.parametrize("name", ["a", "a.b-c.0", "0a", "x" * 253])
def test_a_subdomain_may_have_dots_and_dashes_inside(name: str) -> None:
    assert subdomain(name) == []


@pytest.mark.parametrize("name", ["", "a-", "-a", "A", "a/b", "..", "a_b", "x" * 254])
def test_a_subdomain_is_lower_case_and_begins_and_ends_with_a_letter_or_digit(name: str) -> None:
    assert subdomain(name)


@pytest.mark.parametrize("key", ["app", "example.com/app", "A.b_c", "x" * 63])
def test_a_key_may_have_a_domain(key: str) -> None:
    assert qualified_name(key) == []


@pytest.mark.parametrize("key", ["", "a b", "/a", "a/", "a/b/c", "Bad_Domain/a", "x" * 64])
def test_a_key_is_one_name_with_at_most_one_domain(key: str) -> None:
    assert qualified_name(key)


def test_a_label_value_may_be_empty() -> None:
    assert label_value("") == []
    assert label_value("not ok!")


def test_services_begin_with_a_letter_and_namespaces_need_not() -> None:
    assert service_name("0a")
    assert label_name("0a") == []


def test_roles_may_have_colons_but_no_slash() -> None:
    assert path_segment("system:node") == []
    assert path_segment("a/b") == ["may not contain '/'"]
