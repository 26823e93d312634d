"""Which texts are quantities: those that rendering can read, and no others."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reconciler.desired.quantities import QuantityError, canonical
from shared.api.validation.quantities import is_quantity, is_zero


@pytest.mark.parametrize("quantity", [None, "", 0, "0", "0Gi", "0.00", ".0m", "+0", "-0", "0e3", "0E-2"])
def test_nothing_is_zero(quantity: int | str | None) -> None:
    assert is_zero(quantity)


@pytest.mark.parametrize("quantity", [1, -1, "1", "0.5", "10Gi", "1e3", "100m", "-2Gi"])
def test_an_amount_is_not_zero(quantity: int | str) -> None:
    assert not is_zero(quantity)


@pytest.mark.parametrize("text", ["1", "500m", "16Gi", "1.5", "1.", ".5", "+2", "-1Ki", "1e3", "2E-3", " 1Gi "])
def test_an_amount_with_a_known_suffix_is_a_quantity(text: str) -> None:
    assert is_quantity(text)


@pytest.mark.parametrize("text", ["", "Gi", "1 Gi", "16GB", "1gi", "one", "1.2.3", "1Kii", "--1", "1e", "1e1.5"])
def test_anything_else_is_none(text: str) -> None:
    assert not is_quantity(text)


def can_be_rendered(text: str) -> bool:
    """Return whether rendering can read a quantity."""
    try:
        canonical(text)
    except QuantityError:
        return False
    return True


@settings(max_examples=200, deadline=None)
@given(st.text("+-.0123456789 KMGTPEinumke", max_size=7))
def test_what_can_be_rendered_is_admitted(text: str) -> None:
    assert is_quantity(text) or not can_be_rendered(text)


@settings(max_examples=100, deadline=None)
@given(st.from_regex(r"[+-]?[0-9]{1,9}(\.[0-9]{1,3})?([KMGTPE]i|[numkMGTPE]|[eE]-?1?[0-9])?", fullmatch=True))
def test_what_is_admitted_can_be_rendered(text: str) -> None:
    assert is_quantity(text)
    assert can_be_rendered(text)
