"""Facts about namespaces: names and versions, read as they were written."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.facts import (
    REGISTRIES,
    decode_accounts,
    decode_registries,
    decode_ssh_source,
    encode_accounts,
    encode_registries,
    encode_ssh_source,
    namespace_of_fact,
    of_namespace,
)
from shared.core.errors import InvalidObjectError

NAMES = st.text(max_size=12)


@given(st.dictionaries(NAMES, st.lists(NAMES, max_size=4), max_size=4))
def test_registries_read_as_written_sorted_and_each_name_once(by_host: dict[str, list[str]]) -> None:
    value = encode_registries(by_host)

    assert value == encode_registries({host: names[::-1] for host, names in reversed(by_host.items())})
    assert decode_registries(value) == {host: tuple(sorted(set(names))) for host, names in by_host.items() if names}


@given(st.sets(NAMES))
def test_accounts_read_as_written_whatever_the_order(names: set[str]) -> None:
    assert encode_accounts(names) == encode_accounts(sorted(names))
    assert decode_accounts(encode_accounts(names)) == tuple(sorted(names))


@given(NAMES)
def test_the_version_of_a_source_reads_as_written(version: str) -> None:
    assert decode_ssh_source(encode_ssh_source(version)) == version


@pytest.mark.parametrize("decode", [decode_registries, decode_accounts, decode_ssh_source])
@pytest.mark.parametrize("value", [b"", b"]", b"[]", b"3", b"{}", b'{"hosts": 3, "accounts": 3}'])
def test_a_damaged_fact_is_refused(decode: Callable[[bytes], object], value: bytes) -> None:
    with pytest.raises(InvalidObjectError, match="is damaged"):
        decode(value)


def test_a_fact_of_one_namespace_names_it_and_the_others_name_none() -> None:
    assert of_namespace(REGISTRIES, "llm") == "registries/llm"
    assert namespace_of_fact("registries/llm") == "llm"
    assert namespace_of_fact(REGISTRIES) == ""
