"""Quantities in canonical form."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.desired.quantities import QuantityError, amount, canonical, is_zero

FACTORS = {"": Decimal(1), "m": Decimal("0.001"), "k": Decimal(10**3), "M": Decimal(10**6)}
FACTORS |= {"Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30)}
LARGER = {"G": Decimal(10**9), "T": Decimal(10**12), "Ti": Decimal(2**40)}
QUANTITIES = st.builds(lambda number, suffix: f"{number}{suffix}", st.integers(0, 10**6), st.sampled_from([*FACTORS]))


def value(text: str) -> Decimal:
    number = text.rstrip("mkMKiGTPEun")
    suffix = text[len(number) :]
    return Decimal(number) * {**FACTORS, **LARGER}[suffix]


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("1", "1"),
        ("1000m", "1"),
        ("0.5", "500m"),
        ("1.5", "1500m"),
        ("2000", "2k"),
        ("100m", "100m"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("0.5Ki", "512"),
        ("1000Mi", "1000Mi"),
        ("0", "0"),
        ("0Gi", "0"),
        ("1e3", "1e3"),
        ("1E3", "1e3"),
        ("12e6", "12e6"),
        ("5n", "5n"),
        ("0.1n", "1n"),
        ("-1", "-1"),
        ("+2", "2"),
        (".5", "500m"),
        (" 8Gi ", "8Gi"),
        ("60E", "60E"),
        ("8Ei", "8Ei"),
    ],
)
def test_writes_an_amount_as_the_api_server_does(given_text: str, expected: str) -> None:
    assert canonical(given_text) == expected


@pytest.mark.parametrize("text", ["", "abc", "1x", "1.2.3", "1 Gi", "Gi", "1e", "1e999", "1e99"])
def test_refuses_what_is_no_quantity(text: str) -> None:
    with pytest.raises(QuantityError):
        canonical(text)


@given(QUANTITIES)
def test_the_canonical_form_is_stable_and_worth_the_same(text: str) -> None:
    assert canonical(canonical(text)) == canonical(text)
    assert value(canonical(text)) == value(text)


@pytest.mark.parametrize(("text", "expected"), [("0", True), ("0Gi", True), ("1", False), ("nonsense", False)])
def test_tells_nothing_from_something(text: str, expected: bool) -> None:
    assert is_zero(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("500m", "0.5", id="thousandths"),
        pytest.param("1.5Gi", "1610612736", id="powers of two"),
        pytest.param("2k", "2000", id="powers of ten"),
        pytest.param("1e3", "1000", id="an exponent"),
    ],
)
def test_says_how_much_a_quantity_is(text: str, expected: str) -> None:
    assert amount(text) == Decimal(expected)


@pytest.mark.parametrize("text", ["", "many", "1XB", "1.2.3"])
def test_what_is_no_quantity_is_no_amount(text: str) -> None:
    with pytest.raises(QuantityError):
        amount(text)
