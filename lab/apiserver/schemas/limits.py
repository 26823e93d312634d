"""The value validations of one node: ranges, lengths, patterns, enumerations, formats, and combined schemas.

Separate from the walk because each is a check of one value, and because their sentences are facts.
Invariant: a check only speaks about values of the type it is meant for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from lab.apiserver.schemas.field_errors import (
    NO_FIELD,
    FieldError,
    invalid,
    not_supported,
    printed,
    too_long,
    too_many,
    type_invalid,
)
from lab.apiserver.schemas.formats import has_format
from lab.apiserver.schemas.schema import Limits, Schema

Matches = Callable[[Any, Schema, str], list[FieldError]]

_INTEGER_RANGES: Final = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}


def limit_errors(value: Any, schema: Schema, path: str, matches: Matches) -> Iterator[FieldError]:
    """Yield the broken validations of one value; `matches` answers for the schemas that are combined here."""
    limits = schema.limits
    if limits.enum is not None and value not in limits.enum:
        yield not_supported(path, value, limits.enum)
    kind = type(value)
    if kind is str:
        yield from _string_errors(value, limits, path)
    elif kind is int or kind is float:
        yield from _number_errors(value, schema, path)
    elif kind is list:
        yield from _list_errors(value, limits, path)
    elif kind is dict:
        yield from _map_errors(value, limits, path)
    yield from _combined_errors(value, limits, path, matches)


def _string_errors(value: str, limits: Limits, path: str) -> Iterator[FieldError]:
    if limits.max_length is not None and len(value) > limits.max_length:
        yield too_long(path, limits.max_length)
    if limits.min_length is not None and len(value) < limits.min_length:
        yield invalid(path, value, f"{path} in body should be at least {limits.min_length} chars long")
    if limits.pattern is not None and not _pattern(limits.pattern).search(value):
        yield invalid(path, value, f"{path} in body should match '{limits.pattern}'")
    if limits.format is not None and not has_format(value, limits.format):
        yield type_invalid(path, value, f"{path} in body must be of type {limits.format}: {printed(value)}")


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    # RE2 reads $ as the end of the text; Python would also accept a line break before it.
    return re.compile(re.sub(r"(?<!\\)\$$", r"\\Z", text))


def _number_errors(value: float, schema: Schema, path: str) -> Iterator[FieldError]:
    limits = schema.limits
    low, high = _INTEGER_RANGES.get(limits.format or "", (None, None))
    if schema.type == "integer" and low is not None and high is not None and not low <= value <= high:
        yield invalid(NO_FIELD, "", f"Checked value must be of type integer with format {limits.format} in {path}")
    if limits.minimum is not None:
        if limits.exclusive_minimum and value <= limits.minimum:
            yield invalid(path, value, f"{path} in body should be greater than {printed(limits.minimum)}")
        elif value < limits.minimum:
            yield invalid(path, value, f"{path} in body should be greater than or equal to {printed(limits.minimum)}")
    if limits.maximum is not None:
        if limits.exclusive_maximum and value >= limits.maximum:
            yield invalid(path, value, f"{path} in body should be less than {printed(limits.maximum)}")
        elif value > limits.maximum:
            yield invalid(path, value, f"{path} in body should be less than or equal to {printed(limits.maximum)}")
    if limits.multiple_of and Decimal(str(value)) % Decimal(str(limits.multiple_of)):
        yield invalid(path, value, f"{path} in body should be a multiple of {printed(limits.multiple_of)}")


def _list_errors(value: list[Any], limits: Limits, path: str) -> Iterator[FieldError]:
    count = len(value)
    if limits.max_items is not None and count > limits.max_items:
        yield too_many(path, count, limits.max_items)
    if limits.min_items is not None and count < limits.min_items:
        yield invalid(path, count, f"{path} in body should have at least {limits.min_items} items")
    if limits.unique_items and len({printed(item) for item in value}) < count:
        yield invalid(path, "", f"{path} in body shouldn't contain duplicates")


def _map_errors(value: dict[str, Any], limits: Limits, path: str) -> Iterator[FieldError]:
    count = len(value)
    if limits.max_properties is not None and count > limits.max_properties:
        yield too_many(path, count, limits.max_properties)
    if limits.min_properties is not None and count < limits.min_properties:
        yield invalid(path, count, f"{path} in body should have at least {limits.min_properties} properties")


def _combined_errors(value: Any, limits: Limits, path: str, matches: Matches) -> Iterator[FieldError]:
    for part in limits.all_of:
        yield from matches(value, part, path)
    if limits.any_of:
        answers = [matches(value, part, path) for part in limits.any_of]
        if all(answers):
            yield invalid(NO_FIELD, "", f'"{path}" must validate at least one schema (anyOf)')
            yield from min(answers, key=len)
    if limits.one_of:
        answers = [matches(value, part, path) for part in limits.one_of]
        valid = sum(not answer for answer in answers)
        if valid != 1:
            found = "Found none valid" if valid == 0 else f"Found {valid} valid alternatives"
            detail = f'"{path}" must validate one and only one schema (oneOf). {found}'
            yield invalid(NO_FIELD, "", detail)
            if valid == 0:
                yield from min(answers, key=len)
    if limits.negated is not None and not matches(value, limits.negated, path):
        yield invalid(NO_FIELD, "", f'"{path}" must not validate the schema (not)')
