"""Decides how a good input is damaged: as bytes, as text, or as a JSON document whose values are exchanged.

Separate from the targets, so that every parser meets the same damage. One generator of random numbers is one course:
the same seed damages in the same way.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

Json = Any

# Values at the borders of what a parser may take for granted.
NUMBERS: Sequence[Json] = (0, -1, 1 << 31, (1 << 63) - 1, -(1 << 63), 1e308, -0.0, 0.5)
TEXTS = (
    "",
    " ",
    "-",
    "0",
    "-1",
    "9" * 5000,
    "٣",
    "²",
    "null",
    "a" * 300,
    "é",
    "\u202e",
    "x\x00y",
    "../..",
    "{{x}}",
    "NaN",
)
ODD: Sequence[Json] = (None, True, [], {}, [[]], {"": {}}, *NUMBERS, *TEXTS)
BYTES = (b"", b"\x00", b"\xff\xfe", b"{", b"[" * 2000, b'"', b"null", b"1e999", b'{"v":2}', b"\xed\xa0\x80")


def damaged_bytes(dice: random.Random, good: bytes) -> bytes:
    """Return bytes that were cut, flipped, doubled or replaced; JSON often stays JSON and holds other values."""
    document = _document(good)
    if document is not None and dice.random() < 0.6:
        return orjson.dumps(damaged_json(dice, document))
    match dice.randrange(5):
        case 0:
            return dice.choice(BYTES)
        case 1:
            return good[: dice.randrange(len(good) + 1)]
        case 2:
            at = dice.randrange(len(good) + 1)
            return good[:at] + dice.choice(BYTES) + good[at:]
        case 3:
            found = bytearray(good or b"\x00")
            for _ in range(dice.randint(1, 4)):
                found[dice.randrange(len(found))] ^= 1 << dice.randrange(8)
            return bytes(found)
        case _:
            return good + good


def damaged_text(dice: random.Random, good: str) -> str:
    """Return text with odd parts, or other text altogether."""
    if dice.random() < 0.3:
        return dice.choice(TEXTS)
    at = dice.randrange(len(good) + 1)
    until = min(len(good), at + dice.randrange(4))
    return good[:at] + dice.choice((".", "=", "=ZZ", "=FF", "*", ">", " ", *TEXTS)) + good[until:]


def damaged_json(dice: random.Random, document: Json) -> Json:
    """Return a document in which up to three values are exchanged, removed, renamed or moved."""
    for _ in range(dice.randint(1, 3)):
        document = _with_damage(dice, document)
    return document


def _with_damage(dice: random.Random, value: Json) -> Json:
    if isinstance(value, Mapping) and value and dice.random() < 0.85:
        key = dice.choice(sorted(value))
        rest = {name: each for name, each in value.items() if name != key}
        match dice.randrange(6):
            case 0:
                return rest
            case 1:
                return {**rest, dice.choice(TEXTS[:5]): value[key]}
            case _:
                return {**rest, key: _with_damage(dice, value[key])}
    if isinstance(value, list) and value and dice.random() < 0.85:
        at = dice.randrange(len(value))
        match dice.randrange(4):
            case 0:
                return value[:at] + value[at + 1 :]
            case 1:
                return [*value, value[at]]
            case _:
                return [*value[:at], _with_damage(dice, value[at]), *value[at + 1 :]]
    return dice.choice(ODD)


def _document(good: bytes) -> Json:
    try:
        document: Json = orjson.loads(good)
    except orjson.JSONDecodeError:
        return None
    return document
