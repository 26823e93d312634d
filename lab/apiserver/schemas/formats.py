"""The string formats that a schema may name; a name that is not known here accepts everything.

Separate because each format is its own standard. Invariant: only formats that the genuine server checks are checked.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final
from urllib.parse import urlsplit

_DATE_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})")
_DURATION: Final = re.compile(
    r"[+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))*|0"
)
_LONG_DURATION: Final = re.compile(
    r"\s*\d+\s*(ns|us|ms|s|m|h|d|w|(nano|micro|milli)?sec(ond)?s?|min(ute)?s?|hours?|days?|weeks?)\s*"
)
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_HOST: Final = re.compile(
    r"(?=.{1,253}\Z)([a-zA-Z0-9_]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)(\.[a-zA-Z0-9_]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*\.?"
)
_MAC: Final = re.compile(r"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}([:-][0-9A-Fa-f]{2}){0,2}")


def has_format(value: str, name: str) -> bool:
    """Tell whether a string has the format, as far as it is a known one."""
    check = _CHECKS.get(name.replace("-", ""))
    return check is None or check(value)


def _parses(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def check(value: str) -> bool:
        try:
            parse(value)
        except (ValueError, binascii.Error):
            return False
        return True

    return check


def _date_time(value: str) -> None:
    if not _DATE_TIME.fullmatch(value):
        raise ValueError(value)
    datetime.fromisoformat(re.sub(r"\.\d+", "", value.upper()).replace("Z", "+00:00"))


def _date(value: str) -> None:
    if len(value) != len("2006-01-02"):
        raise ValueError(value)
    date.fromisoformat(value)


def _uri(value: str) -> None:
    parts = urlsplit(value)
    if not (parts.scheme or value.startswith("/")):
        raise ValueError(value)


def _uuid(version: int | None) -> Callable[[str], bool]:
    def parse(value: str) -> None:
        parsed = uuid.UUID(value)
        if version is not None and parsed.version != version:
            raise ValueError(value)

    return _parses(parse)


def _fits(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda value: pattern.fullmatch(value) is not None


_CHECKS: Final[Mapping[str, Callable[[str], bool]]] = {
    "datetime": _parses(_date_time),
    "date": _parses(_date),
    "duration": lambda value: bool(_DURATION.fullmatch(value) or _LONG_DURATION.fullmatch(value)),
    "ipv4": _parses(ipaddress.IPv4Address),
    "ipv6": _parses(ipaddress.IPv6Address),
    "cidr": _parses(lambda value: ipaddress.ip_network(value, strict=False) if "/" in value else int("")),
    "byte": _parses(lambda value: base64.b64decode(value, validate=True)),
    "email": _fits(_EMAIL),
    "hostname": _fits(_HOST),
    "mac": _fits(_MAC),
    "uri": _parses(_uri),
    "uuid": _uuid(None),
    "uuid3": _uuid(3),
    "uuid4": _uuid(4),
    "uuid5": _uuid(5),
}
