"""The functions that Kubernetes adds to the expression language: quantities, lists, regular expressions, URLs.

The language's package brings strings, math and sets. Separate from evaluation because each function is a small fact of
its own. Invariant: a quantity travels through the language as an object with one key, its exact amount.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from ipaddress import ip_address
from itertools import pairwise
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import cel
from cel.stdlib import add_stdlib_to_context

from lab.apiserver.schemas.quantities import parse_quantity

_AMOUNT: Final = "amount"
_HREF: Final = "href"


def rule_context() -> cel.Context:
    """Return a fresh context that knows all functions."""
    # The package logs each function that fails as a warning; here a failure is an answer to the client.
    logging.getLogger("cel").setLevel(logging.CRITICAL)
    context = cel.Context()
    add_stdlib_to_context(context)
    for name, function in _FUNCTIONS.items():
        context.add_function(name, function)
    return context


def _quantity(text: str) -> dict[str, str]:
    return _wrapped(parse_quantity(text))


def _wrapped(amount: Decimal) -> dict[str, str]:
    return {_AMOUNT: format(amount.normalize(), "f")}


def _amount(quantity: Mapping[str, str]) -> Decimal:
    return Decimal(quantity[_AMOUNT])


def _operand(value: Any) -> Decimal:
    return Decimal(value) if isinstance(value, int) else _amount(value)


def _is_quantity(text: str) -> bool:
    return _succeeds(parse_quantity, text)


def _succeeds(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _is_integer(quantity: Mapping[str, str]) -> bool:
    amount = _amount(quantity)
    return amount == amount.to_integral_value() and -(2**63) <= amount < 2**63


def _as_integer(quantity: Mapping[str, str]) -> int:
    if not _is_integer(quantity):
        raise ValueError("cannot convert value to integer")
    return int(_amount(quantity))


def _compare_to(left: Mapping[str, str], right: Mapping[str, str]) -> int:
    return int(_amount(left).compare(_amount(right)))


def _sign(value: Any) -> int:
    amount = _operand(value)
    return (amount > 0) - (amount < 0)


def _index_of(where: Any, what: Any, offset: int = 0) -> int:
    if isinstance(where, str):
        return where.find(what, offset)
    return where.index(what) if what in where else -1


def _last_index_of(where: Any, what: Any) -> int:
    if isinstance(where, str):
        return where.rfind(what)
    return len(where) - 1 - where[::-1].index(what) if what in where else -1


def _is_sorted(items: list[Any]) -> bool:
    return all(left <= right for left, right in pairwise(items))


def _find(text: str, pattern: str) -> str:
    found = re.search(pattern, text)
    return found.group() if found else ""


def _find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    found = [match.group() for match in re.finditer(pattern, text)]
    return found if limit < 0 else found[:limit]


def _url(text: str) -> dict[str, str]:
    parts = urlsplit(text)
    if not (parts.scheme or text.startswith("/")):
        raise ValueError(f"URL parse error during conversion from string: {text}")
    return {_HREF: text}


def _port(url: Mapping[str, str]) -> str:
    port = urlsplit(url[_HREF]).port
    return "" if port is None else str(port)


_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "quantity": _quantity,
    "isQuantity": _is_quantity,
    "isInteger": _is_integer,
    "asInteger": _as_integer,
    "asApproximateFloat": lambda quantity: float(_amount(quantity)),
    "isGreaterThan": lambda left, right: _amount(left) > _amount(right),
    "isLessThan": lambda left, right: _amount(left) < _amount(right),
    "compareTo": _compare_to,
    "sign": _sign,
    "add": lambda left, right: _wrapped(_amount(left) + _operand(right)),
    "sub": lambda left, right: _wrapped(_amount(left) - _operand(right)),
    "indexOf": _index_of,
    "lastIndexOf": _last_index_of,
    "isSorted": _is_sorted,
    "find": _find,
    "findAll": _find_all,
    "url": _url,
    "isURL": lambda text: _succeeds(_url, text),
    "getScheme": lambda url: urlsplit(url[_HREF]).scheme,
    "getHost": lambda url: urlsplit(url[_HREF]).netloc.rpartition("@")[2],
    "getHostname": lambda url: urlsplit(url[_HREF]).hostname or "",
    "getPort": _port,
    "getEscapedPath": lambda url: urlsplit(url[_HREF]).path,
    "getQuery": lambda url: parse_qs(urlsplit(url[_HREF]).query),
    "isIP": lambda text: _succeeds(ip_address, text),
}
