"""Kubernetes quantities in their canonical form, so that equal amounts are written alike.

The API server stores what it is sent; were `1000m` and `1` both written, the same amount would look like a change.
The rules are those of the Kubernetes API: the suffix family is kept, the exponent is the largest that leaves no
fraction, and what is smaller than a billionth is rounded up.
"""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, ROUND_UP, Context, Decimal, InvalidOperation
from functools import lru_cache

_FORM = re.compile(r"^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$")
_DECIMAL_SUFFIXES = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY_SUFFIXES = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_NAMES = {exponent: suffix for suffix, exponent in _DECIMAL_SUFFIXES.items()}
_EXPONENT = re.compile(r"^[eE]([+-]?[0-9]+)$")
_NANO = Decimal("1e-9")
_WIDE = Context(prec=80)
_LARGEST = 40  # decimal digits; far beyond the 2^63 of the API

WRONG_FORM = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
WRONG_SUFFIX = "unable to parse quantity's suffix"
WRONG_NUMBER = "unable to parse numeric part of quantity"


class QuantityError(ValueError):
    """A text is not a quantity; the message is the API machinery's."""


@lru_cache(maxsize=1024)
def canonical(text: str) -> str:
    """Return a quantity as the API server writes it; raise QuantityError for anything else."""
    number, suffix = _parts(text.strip())
    if suffix in _BINARY_SUFFIXES:
        value = number * 2 ** _BINARY_SUFFIXES[suffix]
        return _binary(value) if abs(value) >= 1024 else _decimal(value)
    exponent = _EXPONENT.match(suffix)
    if exponent:
        return _decimal(number.scaleb(int(exponent[1])), with_exponent=True)
    if suffix not in _DECIMAL_SUFFIXES:
        raise QuantityError(WRONG_SUFFIX)
    return _decimal(number.scaleb(_DECIMAL_SUFFIXES[suffix]))


def is_zero(text: str) -> bool:
    """Return whether a quantity is nothing; an unreadable one is not."""
    try:
        return _parts(text.strip())[0] == 0
    except QuantityError:
        return False


def amount(text: str) -> Decimal:
    """Return how much a quantity is; raise QuantityError for what is none."""
    number, suffix = _parts(text.strip())
    exponent = _EXPONENT.match(suffix)
    if exponent:
        return number.scaleb(int(exponent[1]))
    if suffix in _BINARY_SUFFIXES:
        return number * Decimal(2) ** _BINARY_SUFFIXES[suffix]
    if suffix not in _DECIMAL_SUFFIXES:
        raise QuantityError(WRONG_SUFFIX)
    return number.scaleb(_DECIMAL_SUFFIXES[suffix])


def _parts(text: str) -> tuple[Decimal, str]:
    match = _FORM.match(text)
    if match is None:
        raise QuantityError(WRONG_FORM)
    try:
        return _WIDE.create_decimal(match[1]), match[2]
    except InvalidOperation as error:
        raise QuantityError(WRONG_NUMBER) from error


def _decimal(value: Decimal, *, with_exponent: bool = False) -> str:
    if value.adjusted() > _LARGEST:
        raise QuantityError(WRONG_NUMBER)
    value = value.quantize(_NANO, rounding=ROUND_UP, context=_WIDE)
    if value == 0:
        return "0"
    exponent = -9
    while exponent < 18 and _is_whole(value.scaleb(-(exponent + 3), _WIDE)):
        exponent += 3
    mantissa = int(value.scaleb(-exponent, _WIDE))
    if with_exponent:
        return f"{mantissa}e{exponent}" if exponent else str(mantissa)
    return f"{mantissa}{_DECIMAL_NAMES[exponent]}"


def _is_whole(value: Decimal) -> bool:
    return value == value.to_integral_value()


def _binary(value: Decimal) -> str:
    number, suffix = int(value.to_integral_value(rounding=ROUND_CEILING)), ""
    for name in _BINARY_SUFFIXES:
        if number % 1024:
            break
        number, suffix = number // 1024, name
    return f"{number}{suffix}"
