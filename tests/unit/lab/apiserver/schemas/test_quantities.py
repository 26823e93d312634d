"""Quantities."""

from __future__ import annotations

from decimal import Decimal

import pytest

from lab.apiserver.schemas.quantities import FORMAT_PROBLEM, parse_quantity


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1", "1"),
        ("-1.5", "-1.5"),
        ("500m", "0.5"),
        ("2k", "2000"),
        ("1Ki", "1024"),
        ("1.5Gi", "1610612736"),
        ("1e3", "1000"),
        ("1E", "1000000000000000000"),
        (".5", "0.5"),
        ("100n", "0.0000001"),
    ],
)
def test_is_exact(text: str, amount: str) -> None:
    assert parse_quantity(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["", "x", "1 Gi", "1gi", "--1", "1e", "0x1"])
def test_refuses_what_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="quantities must match") as refused:
        parse_quantity(text)

    assert str(refused.value) == FORMAT_PROBLEM
